import { describe, expect, test } from "vitest";
import { dropletCaller } from "./testing/call-droplet.ts";
import { serveBytes, serveRaw, untilClosed } from "./testing/serve-raw.ts";

const OK = "HTTP/1.1 200 OK\r\n";

describe("what is not HTTP", () => {
  test.each([
    ["a greeting of another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    ["a page without headers", "<html><body>hello</body></html>\r\n\r\n"],
    ["a status that is no number", "HTTP/1.1 OK\r\n\r\n"],
    ["a header without a colon", `${OK}no colon here\r\n\r\n`],
    ["a header name with a space", `${OK}a b: c\r\n\r\n`],
    ["a NUL in a header", `${OK}X-A: \u0000\r\n\r\n`],
    ["a length that is no number", `${OK}Content-Length: many\r\n\r\n`],
    ["a length and chunks at once", `${OK}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ["a chunk size that is no number", `${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
  ])("is a bad response, which is certain to have come: %s", async (_, bytes) => {
    await using caller = dropletCaller();
    await using server = await serveBytes(bytes);
    const { exchange, outcome } = await caller.call(server.base);
    expect(exchange.kind).toBe("failed");
    expect(outcome).toMatchObject({ certainty: "responded", fault: "bad_response" });
    expect(outcome.message).toMatch(/^Not HTTP: .+/);
    await untilClosed(server.sockets[0]);
  });

  test("does not harm the next request to the same droplet", async () => {
    await using caller = dropletCaller();
    let requests = 0;
    await using server = await serveRaw({
      onRequest: (socket) => {
        socket.write(++requests === 1 ? "nonsense\r\n\r\n" : `${OK}Content-Length: 0\r\n\r\n`);
      },
    });
    await caller.call(server.base);
    const { outcome } = await caller.call(server.base);
    expect(outcome).toMatchObject({ certainty: "responded", fault: null, status: 200 });
  });
});

describe("headers that never end", () => {
  test.each([
    ["one after another", "X-Another: header\r\n"],
    ["in one line", "x".repeat(1000)],
  ])("are a bad response, and no memory is spent on them: %s", async (_, more) => {
    await using caller = dropletCaller();
    await using server = await serveRaw({
      onRequest: (socket) => {
        socket.write(`${OK}X-Endless: `);
        const pour = (): void => {
          while (!socket.destroyed && socket.write(more)) if (socket.bytesWritten > 1e6) break;
        };
        socket.on("drain", pour);
        pour();
      },
    });
    const { outcome } = await caller.call(server.base);
    expect(outcome).toMatchObject({ certainty: "responded", fault: "bad_response", status: null });
    await untilClosed(server.sockets[0]);
  });
});

describe("a body that is too large", () => {
  const tooLarge = {
    certainty: "responded",
    fault: "response_too_large",
    status: 200,
    retryAfterMs: null,
  };

  test("is refused by its announced length, before any of it is read", async () => {
    await using caller = dropletCaller();
    await using server = await serveBytes(
      `${OK}Content-Type: text/plain\r\nContent-Length: 11\r\n\r\n`,
    );
    const { exchange, outcome } = await caller.call(server.base, { responseBytesMax: 10 });
    expect(outcome).toMatchObject(tooLarge);
    expect(exchange).toMatchObject({
      kind: "too_large",
      status: 200,
      headers: { "content-type": "text/plain" },
    });
    await untilClosed(server.sockets[0]);
  });

  test("is broken off as soon as it is, when its length is not announced", async () => {
    await using caller = dropletCaller();
    await using server = await serveRaw({
      onRequest: (socket) => {
        socket.write(`${OK}Transfer-Encoding: chunked\r\n\r\n`);
        const pouring = setInterval(() => socket.write("5\r\nhello\r\n"), 2);
        socket.once("close", () => clearInterval(pouring));
      },
    });
    const { exchange, outcome } = await caller.call(server.base, { responseBytesMax: 10 });
    expect(outcome).toMatchObject(tooLarge);
    expect(exchange).toMatchObject({ kind: "too_large", status: 200 });
    await untilClosed(server.sockets[0]);
  });

  test.each([
    ["announced", "Content-Length: 10\r\n\r\n0123456789"],
    ["in chunks", "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n"],
  ])("is one byte more than is taken, not the last byte that is: %s", async (_, rest) => {
    await using caller = dropletCaller();
    await using server = await serveBytes(OK + rest);
    const { exchange } = await caller.call(server.base, { responseBytesMax: 10 });
    expect(exchange).toMatchObject({ kind: "answered", body: Buffer.from("0123456789") });
  });

  test("of a droplet that failed keeps its status", async () => {
    await using caller = dropletCaller();
    await using server = await serveBytes("HTTP/1.1 503 No\r\nContent-Length: 999\r\n\r\n");
    const { outcome } = await caller.call(server.base, { responseBytesMax: 10 });
    expect(outcome).toMatchObject({ ...tooLarge, status: 503 });
  });
});
