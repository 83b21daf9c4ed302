import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readTask, submit, submitAndWait, submitAsync, untilEnded } from "../support/api-client.ts";
import { boundPort } from "../support/free-port.ts";
import { onRedis } from "../support/redis-commands.ts";
import { perTask, startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

// Some start processes of their own, on a machine that may be busy with other tests.
vi.setConfig({ testTimeout: 90_000 });

/** A server below HTTP: does with each connection what it is told, and counts them. */
class RawServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  connections = 0;

  constructor(behave: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on("error", () => {});
      behave(socket);
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${boundPort(this.#server)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

const opened = new AsyncDisposableStack();
const raw = {
  silent: new RawServer((socket) => void socket.resume()),
  deaf: new RawServer((socket) => void socket.pause()),
  resetting: new RawServer((socket) => void socket.once("data", () => socket.resetAndDestroy())),
  halfway: new RawServer((socket) => {
    socket.once("data", () => {
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of it");
    });
  }),
};
let plain: ScriptedDroplet;
let refusing: ScriptedDroplet;
let orchestrator: Orchestrator;

beforeAll(async () => {
  plain = opened.use(await startDroplet("plain"));
  refusing = opened.use(await startDroplet("refusing"));
  const droplets: { name: string; url: string }[] = [plain, refusing];
  for (const [name, server] of Object.entries(raw)) {
    droplets.push({ name, url: await opened.use(server).start() });
  }
  droplets.push({ name: "nameless", url: "http://no-such-host.invalid" });
  orchestrator = opened.use(await startOrchestrator({ droplets, workers: 2 }));
});
afterAll(async () => await opened.disposeAsync());

const ONCE = { path: "/", method: "POST", payload: { pay: 1 }, delivery: "at_most_once" };

describe("at_most_once", () => {
  test.concurrent.for(["silent", "deaf"] as const)(
    "is not sent again to a server that accepts and never answers (%s)",
    async (name, { expect: the }) => {
      const body = { ...ONCE, droplet_name: name, timeout_ms: 5000, attempt_timeout_ms: 600 };
      const result = await submitAndWait(orchestrator.api, body);
      the(result).toMatchObject({
        status: "error",
        error: { code: "OUTCOME_UNKNOWN" },
        response_status: null,
        retry_count: 0,
      });
      const record = await readTask(orchestrator.api, result.task_id);
      the(record.attempts).toMatchObject([
        { number: 1, outcome: "sent_no_response", retry_in_ms: null },
      ]);
      the(raw[name].connections).toBe(1);
    },
  );

  test.concurrent.for(["resetting", "halfway"] as const)(
    "is not sent again to a server that breaks off after reading (%s)",
    async (name, { expect: the }) => {
      const body = { ...ONCE, droplet_name: name };
      const result = await submitAndWait(orchestrator.api, body);
      the(result).toMatchObject({ status: "error", error: { code: "OUTCOME_UNKNOWN" } });
      const record = await readTask(orchestrator.api, result.task_id);
      the(record.attempts).toMatchObject([{ outcome: "sent_no_response", retry_in_ms: null }]);
      the(raw[name].connections).toBe(1);
    },
  );

  test.concurrent("is tried again while connections are refused, for nothing was sent", async () => {
    await refusing.stop();
    const { task_id } = await submitAsync(orchestrator.api, { ...ONCE, droplet_name: "refusing" });
    await waitFor("the first attempt to fail", async () => {
      return (await readTask(orchestrator.api, task_id)).attempts.length > 0;
    });
    await refusing.start();
    const record = await untilEnded(orchestrator.api, task_id);
    expect(record.status).toBe("success");
    expect(record.attempts[0]).toMatchObject({ outcome: "not_sent", retry_in_ms: 1000 });
    expect(record.attempts.at(-1)).toMatchObject({ outcome: "responded", retry_in_ms: null });
    expect(refusing.callsOf(task_id)).toHaveLength(1);
  });

  test.concurrent("is tried again while the name of its host cannot be resolved, and ends as unreachable", async () => {
    const body = { ...ONCE, droplet_name: "nameless", max_retries: 1 };
    const result = await submitAndWait(orchestrator.api, body, { wait: 20 });
    expect(result).toMatchObject({ error: { code: "DROPLET_UNREACHABLE" }, retry_count: 1 });
    const record = await readTask(orchestrator.api, result.task_id);
    expect(record.attempts.map(({ outcome }) => outcome)).toEqual(["not_sent", "not_sent"]);
  });

  test.concurrent.for([500, 503, 429, 408])(
    "ends with the answer of a droplet that says %i",
    async (status, { expect: the }) => {
      const path = plain.route([status, 200]);
      const result = await submitAndWait(orchestrator.api, {
        ...ONCE,
        droplet_name: "plain",
        path,
      });
      the(result).toMatchObject({
        status: "error",
        error: { code: "DROPLET_ERROR" },
        response_status: status,
        retry_count: 0,
      });
      the(plain.callsOf(result.task_id)).toHaveLength(1);
    },
  );
});

test.concurrent("at_least_once is sent again after a reset and after half an answer", async () => {
  const path = plain.route(perTask(["reset", { raw: "HTTP/1.1 200 OK\r\ncontent-le" }, 200]));
  const result = await submitAndWait(orchestrator.api, { droplet_name: "plain", path });
  expect(result).toMatchObject({ status: "success", retry_count: 2 });
  const record = await readTask(orchestrator.api, result.task_id);
  expect(record.attempts.map(({ outcome }) => outcome)).toEqual([
    "sent_no_response",
    "sent_no_response",
    "responded",
  ]);
});

/** The worker is killed once with all of these under way: finding that out takes the others ten seconds or so. */
describe("when a worker is killed in the middle of an attempt", () => {
  const lost = { number: 1, outcome: "sent_no_response", error: "WORKER_LOST", retry_in_ms: null };
  let own: AsyncDisposableStack;
  let droplet: ScriptedDroplet;
  let lonely: Orchestrator;
  const ids: Record<"again" | "once" | "cancelled" | "cancelledOnce", string> = {
    again: "",
    once: "",
    cancelled: "",
    cancelledOnce: "",
  };
  let wished: { status: number }[];

  beforeAll(async () => {
    own = new AsyncDisposableStack();
    droplet = own.use(await startDroplet("work", perTask(["hang", 200])));
    lonely = own.use(await startOrchestrator({ droplets: [droplet] }));
    const body = { droplet_name: "work", path: "/", timeout_ms: 3000, attempt_timeout_ms: 3000 };
    const once_ = { ...body, delivery: "at_most_once" };
    ids.again = (await submitAsync(lonely.api, body)).task_id;
    ids.once = (await submitAsync(lonely.api, once_)).task_id;
    ids.cancelled = (await submitAsync(lonely.api, body)).task_id;
    ids.cancelledOnce = (await submitAsync(lonely.api, once_)).task_id;
    await droplet.untilHanging(4);
    lonely.worker.freeze();
    // The worker hears neither: the wishes are all that is left of them.
    wished = await Promise.all(
      [ids.cancelled, ids.cancelledOnce].map(
        async (id) => await send(lonely.api, `/orchestrator/tasks/${id}`, { method: "DELETE" }),
      ),
    );
    await lonely.worker.kill();
    await lonely.addWorker();
  });
  afterAll(async () => await own.disposeAsync());

  test.concurrent("at_least_once runs on as the next attempt, which is no retry and has all its time", async () => {
    const record = await untilEnded(lonely.api, ids.again);
    expect(record).toMatchObject({ status: "success", retry_count: 0 });
    expect(record.attempts).toMatchObject([lost, { number: 2, outcome: "responded" }]);
    const calls = droplet.callsOf(record.id);
    expect(calls.map(({ attempt }) => attempt)).toEqual([1, 2]);
    // Lost time is not the task's: 3 s were over long before it was found.
    expect(Number(calls[1]?.headers["x-request-deadline"])).toBe(3000);
    expect((calls[1]?.arrivedAt ?? 0) - (calls[0]?.arrivedAt ?? 0)).toBeLessThan(15_500);
  });

  test.concurrent("at_most_once ends as OUTCOME_UNKNOWN and is not sent again", async () => {
    const record = await untilEnded(lonely.api, ids.once);
    expect(record).toMatchObject({ status: "error", error: { code: "OUTCOME_UNKNOWN" } });
    expect(record.attempts).toMatchObject([lost]);
    expect(droplet.callsOf(record.id)).toHaveLength(1);
  });

  test.concurrent("a stored wish to cancel is kept by whoever takes the task next, without a call", async () => {
    expect(wished.map(({ status }) => status)).toEqual([202, 202]);
    for (const id of [ids.cancelled, ids.cancelledOnce]) {
      const record = await untilEnded(lonely.api, id);
      expect(record).toMatchObject({
        status: "cancelled",
        error: { code: "CANCELLED" },
        attempts: [lost],
      });
      expect(record.duration_ms).toBeGreaterThan(0);
      expect(droplet.callsOf(id)).toHaveLength(1);
    }
  });
});

test.concurrent("a task of a worker that is stopped past its grace goes on at once with one that idles", async () => {
  await using droplet = await startDroplet("handed", perTask(["hang", 200]));
  await using pair = await startOrchestrator({
    droplets: [droplet],
    workers: 2,
    env: { SHUTDOWN_GRACE: "0.1" },
  });
  const { task_id } = await submitAsync(pair.api, { droplet_name: "handed", path: "/" });
  await droplet.untilHanging(1);
  const busy = await waitFor("a worker to report it", async () => {
    const reports = await onRedis(pair.redisUrl, async (redis) => {
      return await redis.hvals(`${pair.keyPrefix}:{all}:workers`);
    });
    return pair.workers.find(({ pid }) =>
      reports.some((report) => report.includes(`"pid":${pid},`) && report.includes('"running":1')),
    );
  });
  const stoppedAt = Date.now();
  await busy.stop();
  const record = await untilEnded(pair.api, task_id);
  expect(record).toMatchObject({ status: "success", retry_count: 0 });
  expect(record.attempts).toMatchObject([{ error: "WORKER_LOST" }, { outcome: "responded" }]);
  // An idle consumer would look by itself after half a minute.
  expect((record.completed_at ?? 0) * 1000 - stoppedAt).toBeLessThan(8000);
});

test.concurrent("after three lost workers the task ends as WORKER_LOST", async () => {
  await using droplet = await startDroplet("deadly", ["hang"]);
  await using lonely = await startOrchestrator({
    droplets: [droplet],
    env: { SHUTDOWN_GRACE: "0.1" },
  });
  const body = { droplet_name: "deadly", path: "/", max_retries: 0 };
  const { task_id } = await submitAsync(lonely.api, body);
  for (let attempt = 1; attempt <= 3; attempt++) {
    await droplet.untilRequests(attempt, undefined, { timeoutMs: 20_000 });
    // Stopped past its grace: it has to leave the attempt, and says so by handing the task back.
    await lonely.worker.restart();
  }
  const record = await untilEnded(lonely.api, task_id);
  expect(record).toMatchObject({ status: "error", error: { code: "WORKER_LOST" }, retry_count: 0 });
  expect(record.attempts.map(({ number, error }) => [number, error])).toEqual([
    [1, "WORKER_LOST"],
    [2, "WORKER_LOST"],
    [3, "WORKER_LOST"],
  ]);
  expect(droplet.callsOf(task_id)).toHaveLength(3);
  expect((await submit(lonely.api, { ...body, path: "/alive" }, { wait: 0.1 })).status).toBe(202);
});
