import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterEach, expect, test } from "vitest";
import { Refusal } from "../http/refusal.ts";
import type { EventStream } from "./event-stream.ts";
import { EventStreams } from "./event-streams.ts";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Served {
  streams: EventStreams;
  /** Opens one more stream, seen from both sides. */
  connect: (method?: string) => Promise<{ stream: EventStream; client: IncomingMessage }>;
}

/** A real server with one endpoint of events. */
async function serve(streams: EventStreams, onHeartbeat = (): void => {}): Promise<Served> {
  const opened: EventStream[] = [];
  const app = express().get("/", (_request, response) => {
    const stream = streams.admit(response);
    stream.begin(onHeartbeat);
    opened.push(stream);
  });
  const server = createServer(app).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const connect: Served["connect"] = async (method = "GET") => {
    const sent = request({ host: "127.0.0.1", port, method, agent: false }).end();
    const [client] = (await once(sent, "response")) as [IncomingMessage];
    sent.on("error", () => {});
    client.on("error", () => {});
    const stream = opened.at(-1);
    if (stream === undefined) throw new Error("the server opened no stream");
    return { stream, client };
  };
  return { streams, connect };
}

function textOf(client: IncomingMessage): () => string {
  let text = "";
  client.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  return () => text;
}

const LIMITS = { heartbeatMs: 60_000, bufferBytesMax: 256 * 1024 };

test("a quiet stream sends a comment at every heartbeat", async () => {
  let beats = 0;
  const { connect } = await serve(
    new EventStreams(1, { ...LIMITS, heartbeatMs: 20 }),
    () => void beats++,
  );
  const { client } = await connect();
  const text = textOf(client);
  await expect.poll(text).toMatch(/^retry: 2000\n\n:\n\n:\n\n/);
  expect(beats).toBeGreaterThanOrEqual(2);
  client.destroy();
});

test("a client that does not read is dropped when its buffer is full, and gives its place back", async () => {
  const { streams, connect } = await serve(new EventStreams(1, LIMITS));
  const { stream, client } = await connect();
  client.pause();
  let sent = 0;
  while (stream.isOpen) {
    stream.send(`data: ${"x".repeat(64 * 1024)}\n\n`);
    sent += 64 * 1024;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    // The kernel holds some megabytes for the two of them.
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  }
  await expect.poll(() => streams.size).toBe(0);
  stream.send("data: nobody is there\n\n");
});

test("a client that catches up is waited for", async () => {
  const { connect } = await serve(new EventStreams(1, { ...LIMITS, bufferBytesMax: 2 ** 30 }));
  const { stream, client } = await connect();
  client.pause();
  stream.send("x".repeat(16 * 1024 * 1024));
  let isDrained = false;
  const draining = stream.untilDrained().then(() => (isDrained = true));
  await new Promise((resolve) => {
    setTimeout(resolve, 50);
  });
  expect(isDrained).toBe(false);
  client.resume();
  await draining;
  expect(stream.isOpen).toBe(true);
  await stream.untilDrained();
  client.destroy();
});

test("waiting for a client ends when it hangs up", async () => {
  const { connect } = await serve(new EventStreams(1, { ...LIMITS, bufferBytesMax: 2 ** 30 }));
  const { stream, client } = await connect();
  client.pause();
  stream.send("x".repeat(16 * 1024 * 1024));
  const draining = stream.untilDrained();
  client.destroy();
  await draining;
  expect(stream.isOpen).toBe(false);
});

test("HEAD gets the headers and nothing more", async () => {
  const { streams, connect } = await serve(new EventStreams(1, LIMITS));
  const { client } = await connect("HEAD");
  expect(client.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
  client.resume();
  await once(client, "end");
  await expect.poll(() => streams.size).toBe(0);
});

test("closing ends every stream, and nobody is admitted any more", async () => {
  const { streams, connect } = await serve(new EventStreams(3, LIMITS));
  const clients = await Promise.all([connect(), connect(), connect()]);
  let closed = 0;
  for (const { stream } of clients) stream.onClose(() => void closed++);
  const ends = clients.map(async ({ client }) => await once(client.resume(), "end"));
  streams.close();
  await Promise.all(ends);
  await expect.poll(() => closed).toBe(3);
  const { stream, client } = clients[0] ?? expect.unreachable();
  stream.onClose(() => void closed++);
  expect(closed, "told at once of what has happened").toBe(4);
  expect(client.complete).toBe(true);
  expect(() => streams.admit(expect.anything())).toThrow(Refusal);
});
