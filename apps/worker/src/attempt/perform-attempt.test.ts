import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { indexDroplets, type Task } from "@orchestrator/core";
import { expect, test } from "vitest";
import { createDropletAgent } from "./guarded-connector.ts";
import { performAttempt, type AttemptSurroundings } from "./perform-attempt.ts";
import { RunningAttempts } from "./running-attempts.ts";
import { aTask } from "./testing/a-task.ts";
import { policyOf } from "./testing/call-droplet.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function serve(answer: Answer): Promise<Server> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => answer(request, response, body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** A worker's surroundings around one droplet named Echo, which answers as scripted. */
async function droplet(answer: Answer) {
  const server = await serve(answer);
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const described = { version: null, status: "active", steward: null, metadata: {} } as const;
  const policy = policyOf();
  const agent = createDropletAgent(policy);
  const around: AttemptSurroundings = {
    agent,
    directory: indexDroplets([{ id: 7, name: "Echo", url: endpoint, endpoint, ...described }]),
    policy,
    running: new RunningAttempts(),
    responseBytesMax: 10_000,
    version: "2.0.0",
    tracing: null,
  };
  return {
    around,
    endpoint,
    attempt: async (task: Partial<Task> = {}, payload: unknown = null) =>
      await performAttempt(
        { v: 1, task: aTask(task), payload, headers: { "X-Own": "1" }, replyChannel: null },
        1,
        [],
        around,
      ),
    [Symbol.asyncDispose]: async () => {
      await agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

test.each(["GET", "POST", "PUT", "PATCH", "DELETE"] as const)(
  "a %s arrives with its path, query, headers and JSON body",
  async (method) => {
    await using echo = await droplet(({ method: verb, url, headers }, response, body) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ verb, url, headers, body }));
    });
    const { response } = await echo.attempt({ method, path: "/a?b=c" }, { n: [1, "ü"] });
    expect(response?.stored.body).toMatchObject({
      verb: method,
      url: "/a?b=c",
      body: '{"n":[1,"ü"]}',
      headers: {
        "content-type": "application/json",
        "content-length": "14",
        "x-own": "1",
        "x-task-id": aTask().id,
        "idempotency-key": aTask().id,
        "x-attempt": "1",
        "x-request-deadline": "10000",
      },
    });
  },
);

test("a payload of null is no body; every other JSON value is one", async () => {
  await using echo = await droplet((_request, response, body) => {
    response.setHeader("content-type", "text/plain");
    response.end(`<${body}>`);
  });
  const bodies = [];
  for (const payload of [null, 0, "", false, []]) {
    const { response } = await echo.attempt({ method: "POST" }, payload);
    bodies.push(response?.stored.body);
  }
  expect(bodies).toEqual(["<>", "<0>", '<"">', "<false>", "<[]>"]);
});

test("an attempt is described as the record keeps it", async () => {
  await using busy = await droplet((_request, response) => response.writeHead(503).end("busy"));
  const before = Date.now();
  const { attempt, step, targetUrl, wasStopped } = await busy.attempt();
  expect(attempt).toMatchObject({
    number: 1,
    outcome: "responded",
    responseStatus: 503,
    error: null,
    retryInMs: 1000,
    decision: "503 may pass: retry 1 of 3 in 1000 ms",
  });
  expect(attempt.startedAt).toBeGreaterThanOrEqual(before);
  expect(attempt.durationMs).toBeGreaterThanOrEqual(0);
  expect(step.kind).toBe("retry");
  expect(targetUrl).toBe(`${busy.endpoint}/x`);
  expect(wasStopped).toBe(false);
});

test.each([
  ["attempt_timeout", { attemptTimeoutMs: 100 }, { kind: "retry" }],
  ["time_up", { timeoutMs: 100 }, { kind: "finish", end: { error: { code: "TIMEOUT" } } }],
])("a droplet that hangs is left when %s comes first", async (fault, task, step) => {
  await using hung = await droplet((request, response) => {
    if (request.url === "/warm-up") response.end();
  });
  // The connection stands before the time that counts.
  await hung.attempt({ path: "/warm-up" });
  const performed = await hung.attempt(task);
  expect(performed.outcome).toMatchObject({ certainty: "sent_no_response", fault });
  expect(performed.outcome.message).toBe("No response within 100 ms");
  expect(performed.attempt.durationMs).toBeGreaterThanOrEqual(99);
  expect(performed.step).toMatchObject(step);
  expect(performed.response).toBeNull();
});

test("a droplet that hangs is left at the task's deadline", async () => {
  await using hung = await droplet(() => {});
  const { outcome, step } = await hung.attempt({ deadlineAt: Date.now() + 60 });
  expect(outcome.fault).toBe("deadline");
  expect(step).toMatchObject({ kind: "finish", end: { status: "timeout" } });
});

test("a cancelled task's request is broken off, and not tried again", async () => {
  await using hung = await droplet(() => hung.around.running.cancel(aTask().id));
  const { attempt, step, wasStopped } = await hung.attempt();
  expect(attempt).toMatchObject({ outcome: "sent_no_response", error: "Cancelled on request" });
  expect(step).toMatchObject({ kind: "finish", end: { status: "cancelled" } });
  expect(wasStopped).toBe(false);
});

test("a worker that stops breaks off what runs, and says that it was not the droplet", async () => {
  await using hung = await droplet(() => hung.around.running.stopAll());
  const { outcome, wasStopped } = await hung.attempt();
  expect(wasStopped).toBe(true);
  expect(outcome.certainty).toBe("sent_no_response");
});

test("an attempt counts as running only while it does", async () => {
  await using echo = await droplet((_request, response) => {
    response.end(JSON.stringify(echo.around.running.taskIds));
  });
  expect(echo.around.running.size).toBe(0);
  const { response } = await echo.attempt();
  expect(response?.stored.body).toEqual([aTask().id]);
  expect(echo.around.running.size).toBe(0);
});

test("a droplet that left the list costs an attempt, and has no URL", async () => {
  await using echo = await droplet((_request, response) => response.end());
  const { attempt, targetUrl, response } = await echo.attempt({ dropletName: "gone" });
  expect(attempt).toMatchObject({
    outcome: "not_sent",
    error: "Droplet 'gone' is not in the list of droplets",
    retryInMs: 1000,
  });
  expect([targetUrl, response]).toEqual([null, null]);
});
