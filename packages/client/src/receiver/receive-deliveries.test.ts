import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express, { type Express } from "express";
import { expect, it } from "vitest";
import { deliveryOf } from "./delivery.ts";
import type { DeliveryStore } from "./delivery-store.ts";
import { MemoryDeliveryStore } from "./memory-delivery-store.ts";
import { receiveDeliveries, type ReceiveOptions } from "./receive-deliveries.ts";

interface Receiver extends AsyncDisposable {
  deliver: (taskId: string | null, more?: DeliverOptions) => Promise<Response>;
}

interface DeliverOptions {
  path?: string;
  deadlineMs?: number;
  signal?: AbortSignal;
}

async function startReceiver(
  add: (app: Express) => void,
  options?: ReceiveOptions,
): Promise<Receiver> {
  const app = express();
  app.use(receiveDeliveries(options));
  app.use(express.json());
  add(app);
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    deliver: async (taskId, { path = "/work", deadlineMs, signal } = {}) =>
      await fetch(`http://127.0.0.1:${port}${path}`, {
        method: "POST",
        body: "{}",
        headers: {
          "content-type": "application/json",
          ...(taskId !== null && { "x-task-id": taskId, "idempotency-key": taskId }),
          ...(deadlineMs !== undefined && { "x-request-deadline": String(deadlineMs) }),
        },
        ...(signal && { signal }),
      }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

it("does the work of a task once and gives every later delivery the same answer", async () => {
  let runs = 0;
  await using receiver = await startReceiver((app) => {
    app.post("/work", (_request, response) => {
      runs++;
      response.status(201).set("X-Made", "here").json({ run: runs, text: "größer" });
    });
  });
  const first = await receiver.deliver("a");
  const second = await receiver.deliver("a");
  expect(second.status).toBe(201);
  expect(await second.text()).toBe(await first.text());
  expect(second.headers.get("x-made")).toBe("here");
  expect(second.headers.get("content-type")).toBe(first.headers.get("content-type"));
  expect(first.headers.get("idempotency-replayed")).toBeNull();
  expect(second.headers.get("idempotency-replayed")).toBe("true");
  expect(await (await receiver.deliver("b")).json()).toMatchObject({ run: 2 });
});

it("lets a delivery that comes while the work is going on wait for its answer, also after a hang-up", async () => {
  const gate = Promise.withResolvers<void>();
  let runs = 0;
  await using receiver = await startReceiver((app) => {
    app.post("/work", async (_request, response) => {
      runs++;
      await gate.promise;
      response.write('{"ru');
      response.end(`n":${runs}}`);
    });
  });
  const caller = new AbortController();
  const lost = receiver.deliver("a", { signal: caller.signal });
  await expect.poll(() => runs).toBe(1);
  const joining = receiver.deliver("a");
  caller.abort();
  await expect(lost).rejects.toThrow();
  gate.resolve();
  expect(await (await joining).text()).toBe('{"run":1}');
  expect(runs).toBe(1);
});

it.each([408, 425, 429, 500, 503])("does the work again after %i", async (status) => {
  const statuses = [status, 200];
  await using receiver = await startReceiver((app) => {
    app.post("/work", (_request, response) => void response.sendStatus(statuses.shift() ?? 999));
  });
  expect((await receiver.deliver("a")).status).toBe(status);
  expect((await receiver.deliver("a")).status).toBe(200);
  expect((await receiver.deliver("a")).status).toBe(200);
});

it.each([200, 302, 404, 501])("keeps %i, which is not tried again", async (status) => {
  const statuses = [status];
  await using receiver = await startReceiver((app) => {
    app.post("/work", (_request, response) => void response.status(statuses.shift() ?? 500).end());
  });
  expect((await receiver.deliver("a")).status).toBe(status);
  expect((await receiver.deliver("a")).status).toBe(status);
});

it("tells the task, the attempt and the deadline, and aborts at it", async () => {
  const seen = Promise.withResolvers<unknown>();
  await using receiver = await startReceiver((app) => {
    app.post("/work", async (request, response) => {
      const delivery = deliveryOf(request);
      await new Promise((resolve) => {
        delivery?.signal.addEventListener("abort", resolve);
      });
      seen.resolve({ ...delivery, late: Date.now() - (delivery?.deadlineAt ?? 0) });
      response.sendStatus(503);
    });
  });
  await receiver.deliver("a", { deadlineMs: 100 });
  expect(await seen.promise).toMatchObject({
    taskId: "a",
    attempt: 1,
    late: expect.toSatisfy((ms: number) => ms > -50 && ms < 5000),
  });
});

it("leaves requests alone that are not the Orchestrator's", async () => {
  let runs = 0;
  await using receiver = await startReceiver((app) => {
    app.post("/work", (request, response) => {
      runs++;
      response.json({ isDelivery: deliveryOf(request) !== null });
    });
  });
  expect(await (await receiver.deliver(null)).json()).toEqual({ isDelivery: false });
  await receiver.deliver(null);
  expect(runs).toBe(2);
});

it("asks a delivery to come again where the store cannot tell when the other one ends", async () => {
  const store: DeliveryStore = {
    claim: () => ({ kind: "running", finished: null }),
    finish: () => {},
    release: () => {},
  };
  await using receiver = await startReceiver(() => {}, { store });
  const answer = await receiver.deliver("a");
  expect(answer.status).toBe(425);
  expect(answer.headers.get("retry-after")).toBe("1");
});

it("hands a broken store to the error handler", async () => {
  const store: DeliveryStore = {
    claim: async () => await Promise.reject(new Error("store is away")),
    finish: () => {},
    release: () => {},
  };
  await using receiver = await startReceiver(() => {}, { store });
  expect((await receiver.deliver("a")).status).toBe(500);
});

it("keeps no answer over the limit, and no more answers than it may", async () => {
  let runs = 0;
  const store = new MemoryDeliveryStore({ answersMax: 2 });
  await using receiver = await startReceiver(
    (app) => {
      app.post("/work", (_request, response) => void response.json({ run: ++runs }));
      app.post("/large", (_request, response) => void response.send("x".repeat(200 + ++runs)));
    },
    { store, answerBytesMax: 100 },
  );
  await receiver.deliver("large", { path: "/large" });
  await receiver.deliver("large", { path: "/large" });
  expect(runs).toBe(2);
  for (const id of ["a", "b", "c"]) await receiver.deliver(id);
  expect(store.size).toBe(2);
  expect(await (await receiver.deliver("c")).json()).toEqual({ run: 5 });
  expect(await (await receiver.deliver("a")).json()).toEqual({ run: 6 });
});

it("gives a claim to the next one when its holder's time is over", async () => {
  const store = new MemoryDeliveryStore();
  expect(store.claim("a", 30)).toMatchObject({ kind: "first" });
  const second = store.claim("a", 30);
  expect(second).toMatchObject({ kind: "running" });
  await expect.poll(() => store.claim("a", 30).kind).toBe("first");
  expect(second.kind === "running" && (await second.finished)).toBeNull();
});
