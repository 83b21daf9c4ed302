import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { AttemptStop } from "./running-attempts.ts";
import { dropletCaller, LIMIT_MS } from "./testing/call-droplet.ts";
import { serveBytes, serveRaw, untilClosed } from "./testing/serve-raw.ts";

const answered = { certainty: "responded", fault: null, message: null };
const OK = "HTTP/1.1 200 OK\r\n";

test("a droplet that refuses the connection was sent nothing", async () => {
  await using caller = dropletCaller();
  const server = await serveRaw({});
  await server[Symbol.asyncDispose]();
  const { outcome } = await caller.call(server.base);
  expect(outcome).toMatchObject({ certainty: "not_sent", fault: "unreachable", status: null });
  expect(outcome.message).toContain("ECONNREFUSED");
});

test("a droplet whose name is not known was sent nothing", async () => {
  await using caller = dropletCaller();
  // No label of a name has more than 63 characters: refused without asking any server.
  const { outcome } = await caller.call(`http://${"x".repeat(64)}.invalid`);
  expect(outcome).toMatchObject({ certainty: "not_sent", fault: "unreachable", status: null });
  expect(outcome.message).toContain("ENOTFOUND");
});

test.each([
  ["attempt_timeout", `No response within ${LIMIT_MS} ms`],
  ["time_up", `No response within ${LIMIT_MS} ms`],
  ["deadline", `No response within ${LIMIT_MS} ms`],
  ["cancelled", "Cancelled on request"],
] as const)("a droplet that never answers was sent the request: %s", async (because, message) => {
  await using caller = dropletCaller();
  const stopping = new AttemptStop();
  await using server = await serveRaw({ onRequest: () => stopping.stop(because) });
  const { outcome } = await caller.call(server.base, { stopping });
  const nothingCame = { status: null, retryAfterMs: null };
  expect(outcome).toEqual({
    certainty: "sent_no_response",
    fault: because,
    message,
    ...nothingCame,
  });
});

test("a request that is stopped is broken off: the droplet sees its connection go", async () => {
  await using caller = dropletCaller();
  const stopping = new AttemptStop();
  await using server = await serveRaw({
    onRequest: () => stopping.stop("cancelled"),
  });
  await caller.call(server.base, { stopping });
  await untilClosed(server.sockets[0]);
});

test("a request stopped before its connection stands is never sent", async () => {
  await using caller = dropletCaller();
  await using server = await serveBytes(`${OK}Content-Length: 0\r\n\r\n`);
  const stopping = new AttemptStop();
  const stopped = caller.call(server.base, { method: "POST", body: "1", stopping });
  stopping.stop("attempt_timeout");
  const { outcome } = await stopped;
  expect(outcome).toMatchObject({
    certainty: "not_sent",
    fault: "attempt_timeout",
    message: `No connection within ${LIMIT_MS} ms`,
  });
  // The connection that was on its way comes up all the same, and the next request may use it.
  await caller.call(server.base, { method: "GET" });
  expect(server.received()).not.toContain("POST");
  expect(server.received()).toContain("GET");
});

test("a request stopped before it begins is never sent, and keeps its reason", async () => {
  await using caller = dropletCaller();
  await using server = await serveBytes(`${OK}Content-Length: 0\r\n\r\n`);
  const stopping = new AttemptStop();
  stopping.stop("cancelled");
  const { exchange, outcome } = await caller.call(server.base, { method: "POST", stopping });
  expect(exchange).toMatchObject({ kind: "failed", wasSent: false });
  expect(outcome).toMatchObject({ certainty: "not_sent", fault: "cancelled" });
  await caller.call(server.base, { method: "GET" });
  expect(server.received()).not.toContain("POST");
});

test("a worker that stops leaves it certain whether the request was sent", async () => {
  await using caller = dropletCaller();
  const stopping = new AttemptStop();
  await using server = await serveRaw({
    onRequest: () => stopping.stop("worker_stopping"),
  });
  const { exchange } = await caller.call(server.base, { stopping });
  expect(exchange).toMatchObject({ kind: "failed", wasSent: true });
});

test.each([
  ["is reset after the request was read", "resetAndDestroy"],
  ["is closed after the request was read", "destroy"],
] as const)("a connection that %s leaves the outcome open", async (_, how) => {
  await using caller = dropletCaller();
  await using server = await serveRaw({ onRequest: (socket) => socket[how]() });
  const { outcome } = await caller.call(server.base, { method: "POST", body: "{}" });
  expect(outcome).toMatchObject({
    certainty: "sent_no_response",
    fault: "unreachable",
    status: null,
  });
  expect(outcome.message).toMatch(/ECONNRESET|closed/);
});

test("a connection that is reset before the request was read is no answer", async () => {
  await using caller = dropletCaller();
  await using server = await serveRaw({ onConnect: (socket) => socket.resetAndDestroy() });
  const { outcome } = await caller.call(server.base, { method: "POST", body: "{}" });
  expect(outcome).toMatchObject({ fault: "unreachable", status: null });
  // Who is quicker decides whether our side had begun to write.
  expect(["not_sent", "sent_no_response"]).toContain(outcome.certainty);
});

test.each(["", "Connection: close\r\n"])(
  "a body broken off half-way is no answer, whatever %j says of the connection",
  async (connection) => {
    await using caller = dropletCaller();
    for (const rest of [
      "Content-Length: 100\r\n\r\nhalf",
      "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
      "Transfer-Encoding: chunked\r\n\r\n4\r\nha",
    ]) {
      for (const how of ["end", "resetAndDestroy"] as const) {
        await using server = await serveRaw({
          onRequest: (socket) => {
            socket.write(OK + connection + rest, () => setTimeout(() => socket[how](), 10));
          },
        });
        const { outcome } = await caller.call(server.base);
        expect(outcome, `${rest} ${how}`).toMatchObject({
          certainty: "sent_no_response",
          fault: "unreachable",
          status: 200,
        });
      }
    }
  },
);

test("headers broken off half-way are no answer", async () => {
  await using caller = dropletCaller();
  await using server = await serveRaw({
    onRequest: (socket) => socket.end(`${OK}Content-Length: 10\r\nX-Half: `),
  });
  const { outcome } = await caller.call(server.base);
  expect(outcome).toMatchObject({
    certainty: "sent_no_response",
    fault: "unreachable",
    status: null,
  });
});

test("a body of no announced length ends with its connection", async () => {
  await using caller = dropletCaller();
  await using server = await serveRaw({ onRequest: (socket) => socket.end(`${OK}\r\nall of it`) });
  const { exchange, outcome } = await caller.call(server.base);
  expect(outcome).toMatchObject({ ...answered, status: 200 });
  expect(exchange).toMatchObject({ kind: "answered", body: Buffer.from("all of it") });
});

test("a droplet that drips is stopped by the limit although bytes keep coming", async () => {
  await using caller = dropletCaller();
  const stopping = new AttemptStop();
  let bytes = 0;
  await using server = await serveRaw({
    onRequest: (socket) => {
      socket.write(`${OK}Content-Length: 1000\r\n\r\n`);
      const dripping = setInterval(() => {
        socket.write("x");
        if (++bytes === 10) stopping.stop("attempt_timeout");
      }, 5);
      socket.once("close", () => clearInterval(dripping));
    },
  });
  const { outcome } = await caller.call(server.base, { stopping });
  expect(outcome).toMatchObject({
    certainty: "sent_no_response",
    fault: "attempt_timeout",
    status: 200,
  });
});

test("a connection is used again, and a new one made when the droplet has closed it", async () => {
  await using caller = dropletCaller();
  await using server = await serveBytes(`${OK}Content-Length: 2\r\n\r\nok`);
  for (let i = 0; i < 3; i++) {
    await caller.call(server.base);
    await nextTurn();
  }
  expect(server.sockets).toHaveLength(1);
  server.sockets[0]?.end();
  await untilClosed(server.sockets[0]);
  const { outcome } = await caller.call(server.base, { method: "POST", body: "1" });
  expect(outcome).toMatchObject({ ...answered, status: 200 });
  expect(server.sockets).toHaveLength(2);
});

test("a kept connection that goes away under the next request leaves the outcome open", async () => {
  await using caller = dropletCaller();
  let requests = 0;
  await using server = await serveRaw({
    onRequest: (socket) => {
      if (++requests === 1) socket.write(`${OK}Content-Length: 0\r\n\r\n`);
      else socket.destroy();
    },
  });
  await caller.call(server.base);
  await nextTurn();
  const { outcome } = await caller.call(server.base);
  expect(server.sockets).toHaveLength(1);
  expect(outcome).toMatchObject({ certainty: "sent_no_response", fault: "unreachable" });
});

test.each([
  ["informational answers before it", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 200],
  ["several of them", "HTTP/1.1 102 Processing\r\n\r\n".repeat(3), 200],
  ["none", "", 503],
])("the last answer counts, with %s", async (_, before, status) => {
  await using caller = dropletCaller();
  const last = `HTTP/1.1 ${status} Last\r\nX-Last: yes\r\nContent-Length: 2\r\n\r\nok`;
  await using server = await serveBytes(before + last);
  const { exchange, outcome } = await caller.call(server.base);
  expect(outcome).toEqual({ ...answered, status, retryAfterMs: null });
  expect(exchange).toMatchObject({ body: Buffer.from("ok"), headers: { "x-last": "yes" } });
  expect(exchange).not.toMatchObject({ headers: { link: expect.anything() } });
});

test("an informational answer alone is no answer, whatever it says of its length", async () => {
  await using caller = dropletCaller();
  const hints = "HTTP/1.1 103 Early Hints\r\nContent-Length: 999999999\r\n\r\n";
  await using server = await serveRaw({
    onRequest: (socket) => socket.write(hints, () => setTimeout(() => socket.end(), 10)),
  });
  const { outcome } = await caller.call(server.base);
  expect(outcome).toMatchObject({
    certainty: "sent_no_response",
    fault: "unreachable",
    status: null,
  });
});

test.each(["100 Continue", "101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade"])(
  "an answer of %j that nobody asked for is never taken for success",
  async (interim) => {
    await using caller = dropletCaller();
    await using server = await serveBytes(`HTTP/1.1 ${interim}\r\n\r\n`);
    const { outcome } = await caller.call(server.base);
    expect(outcome).toMatchObject({ certainty: "sent_no_response", fault: "unreachable" });
  },
);

test.each([204, 205, 304, 200])(
  "an answer of %d without a body has an empty one",
  async (status) => {
    await using caller = dropletCaller();
    const length = status === 200 || status === 205 ? "Content-Length: 0\r\n" : "";
    await using server = await serveBytes(`HTTP/1.1 ${status} Empty\r\n${length}\r\n`);
    const { exchange } = await caller.call(server.base);
    expect(exchange).toMatchObject({ kind: "answered", status, body: Buffer.alloc(0) });
  },
);

test.each([
  ["5", 5000],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ["soon", null],
])("Retry-After: %s is heard as %s ms", async (header, retryAfterMs) => {
  await using caller = dropletCaller();
  const head = `HTTP/1.1 429 Wait\r\nRetry-After: ${header}\r\nContent-Length: 0\r\n\r\n`;
  await using server = await serveBytes(head);
  const { outcome } = await caller.call(server.base);
  expect(outcome).toEqual({ ...answered, status: 429, retryAfterMs });
});

test("a redirect is an answer like any other: nothing is followed", async () => {
  await using caller = dropletCaller();
  await using elsewhere = await serveBytes(`${OK}Content-Length: 0\r\n\r\n`);
  const head = `HTTP/1.1 302 Found\r\nLocation: ${elsewhere.base}/\r\nContent-Length: 0\r\n\r\n`;
  await using server = await serveBytes(head);
  const { outcome } = await caller.call(server.base);
  expect(outcome).toMatchObject({ ...answered, status: 302 });
  expect(elsewhere.sockets).toHaveLength(0);
});
