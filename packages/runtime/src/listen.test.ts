import { Agent, createServer, request } from "node:http";
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { once } from "node:events";
import { expect, test } from "vitest";
import { listen } from "./listen.ts";

const bound = { host: "127.0.0.1", port: 0, portVariable: "WORKER_PORT" };

test("a taken port is refused by name of port and variable", async () => {
  const holder = createServer();
  await using held = await listen(holder, bound);
  await expect(listen(createServer(), { ...bound, port: held.port })).rejects.toThrow(
    new RegExp(`port ${held.port} is taken. Set WORKER_PORT`),
  );
});

/** A server whose answers wait for `answerNow`, and a client that would keep its connection for good. */
async function startAnswering(answerNow: Promise<void>, begin: (response: ServerResponse) => void) {
  const server = createServer((_request, response) => {
    begin(response);
    void answerNow.then(() => response.end("whole"));
  });
  const listening = await listen(server, { ...bound, closeWithinMs: 60_000 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  function get(): ClientRequest {
    return request({ host: bound.host, port: listening.port, agent }).end();
  }
  return { server, listening, agent, get };
}

async function readText(response: IncomingMessage): Promise<string> {
  return (await response.toArray()).join("");
}

test("close lets a request in flight finish and tells its client to hang up", async () => {
  const { promise: mayAnswer, resolve: answerNow } = Promise.withResolvers<void>();
  const { server, listening, agent, get } = await startAnswering(mayAnswer, () => {});
  const responded = once(get(), "response");
  await once(server, "request");
  const closing = listening.close();
  answerNow();
  const [response] = await responded;
  expect(response.headers.connection).toBe("close");
  expect(await readText(response)).toBe("whole");
  await closing;
  await listening.close();
  agent.destroy();
});

test("close is not held up by a connection that was promised to be kept", async () => {
  const { promise: mayAnswer, resolve: answerNow } = Promise.withResolvers<void>();
  const { listening, agent, get } = await startAnswering(mayAnswer, (response) =>
    response.flushHeaders(),
  );
  const [response] = await once(get(), "response");
  expect(response.headers.connection).toBe("keep-alive");
  const startedAt = performance.now();
  const closing = listening.close();
  answerNow();
  expect(await readText(response)).toBe("whole");
  await closing;
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  agent.destroy();
});

test("close cuts what has not finished within its limit", async () => {
  const server = createServer(() => {});
  const listening = await listen(server, { ...bound, closeWithinMs: 20 });
  const hanging = request({ port: listening.port, host: "127.0.0.1" }).end();
  const failed = once(hanging, "error");
  await once(server, "request");
  await listening.close();
  expect(await failed).toMatchObject([{ code: "ECONNRESET" }]);
});
