import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { expect, test } from "vitest";
import {
  fieldsRefused,
  readTask,
  refusalOf,
  submit,
  submitAndWait,
} from "../support/api-client.ts";
import { boundPort } from "../support/free-port.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

const MB = 1024 * 1024;
const OK = "HTTP/1.1 200 OK\r\n";

/** Writes for as long as the other side reads and holds no more than the socket does. */
function pour(socket: Socket, piece: string | Buffer, bytesMax: number): void {
  const more = (): void => {
    while (!socket.destroyed && socket.bytesWritten < bytesMax) if (!socket.write(piece)) return;
    if (!socket.destroyed) socket.end();
  };
  socket.on("drain", more);
  more();
}

function drip(socket: Socket, piece: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(piece), everyMs);
  socket.on("close", () => clearInterval(timer));
}

const chunked = `${OK}Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n`;
const MEGABYTE = Buffer.from(`10000\r\n${"x".repeat(0x10000)}\r\n`);

/** What a droplet does with a connection once a request has come. */
const POISON: Record<string, (socket: Socket) => void> = {
  "/flood": (socket) => {
    socket.write(chunked);
    pour(socket, MEGABYTE, 200 * MB);
  },
  "/drip": (socket) => {
    socket.write(`${OK}Content-Length: 100000\r\n\r\n`);
    drip(socket, "x", 100);
  },
  "/drip-headers": (socket) => {
    socket.write(OK);
    drip(socket, "X-A: b\r\n", 100);
  },
  "/endless-headers": (socket) => {
    socket.write(OK);
    pour(socket, "X-Another: header\r\n", 50 * MB);
  },
  "/not-http": (socket) => void socket.end("I am a teapot, short and stout\r\n\r\n"),
  "/half": (socket) => void socket.end(`${OK}Content-Length: 1000\r\n\r\nhalf of it`),
  "/half-chunk": (socket) => void socket.end(`${chunked}ff\r\nhalf of it`),
  "/half-headers": (socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-Le"),
  "/two-lengths": (socket) =>
    void socket.end(`${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy`),
};

async function startPoison(): Promise<{ name: string; url: string } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    socket.once("data", (head: Buffer) => {
      const path = head.toString("latin1").split(" ", 2)[1] ?? "";
      POISON[path]?.(socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    name: "poison",
    url: `http://127.0.0.1:${boundPort(server)}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** The resident memory of a process, and the most it ever was, in MB. */
async function memoryOf(pid: number): Promise<{ nowMb: number; peakMb: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const read = (field: string): number =>
    Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  return { nowMb: read("VmRSS"), peakMb: read("VmHWM") };
}

const ONCE = { max_retries: 0, timeout_ms: 3000, attempt_timeout_ms: 1500 };

const OUTCOMES: [path: string, code: string | RegExp, status: string][] = [
  ["/flood", "RESPONSE_TOO_LARGE", "error"],
  ["/drip", "TIMEOUT", "timeout"],
  ["/drip-headers", "TIMEOUT", "timeout"],
  ["/endless-headers", "BAD_RESPONSE", "error"],
  ["/not-http", "BAD_RESPONSE", "error"],
  ["/half", "DROPLET_UNREACHABLE", "error"],
  ["/half-chunk", "DROPLET_UNREACHABLE", "error"],
  ["/half-headers", "DROPLET_UNREACHABLE", "error"],
  ["/two-lengths", "BAD_RESPONSE", "error"],
];

test("whatever a droplet answers: a clear outcome, bounded memory, and the same worker serves the next task", async () => {
  await using poison = await startPoison();
  await using healthy = await startDroplet("healthy");
  await using orchestrator = await startOrchestrator({ droplets: [poison, healthy] });
  const { api, worker } = orchestrator;
  const { pid } = worker;
  const before = await memoryOf(pid);
  for (const [path, code, status] of OUTCOMES) {
    const result = await submitAndWait(api, { droplet_name: "poison", path, ...ONCE });
    expect(result, path).toMatchObject({ status, error: { code } });
    expect(result.duration_ms, path).toBeLessThan(4000);
    expect((await readTask(api, result.task_id)).attempts, path).toHaveLength(1);
    const next = await submitAndWait(api, { droplet_name: "healthy", path: "/" });
    expect(next.status, `after ${path}`).toBe("success");
  }
  // Several floods at once: what counts is what is held, not what is sent.
  const floods = await Promise.all(
    Array.from(
      { length: 10 },
      async () => await submitAndWait(api, { droplet_name: "poison", path: "/flood", ...ONCE }),
    ),
  );
  expect(new Set(floods.map(({ error }) => error?.code))).toEqual(new Set(["RESPONSE_TOO_LARGE"]));
  const after = await memoryOf(pid);
  process.stdout.write(
    `worker's memory over 11 answers of 200 MB: ${Math.round(before.nowMb)} MB before, ` +
      `${Math.round(after.peakMb)} MB at its peak\n`,
  );
  expect(after.peakMb - before.nowMb).toBeLessThan(150);
  expect(worker.pid).toBe(pid);
  expect(worker.isRunning).toBe(true);
});

test("bodies and headers that are hard to read are answered with what can be made of them", async () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const json = { "content-type": "application/json" };
  await using droplet = await startDroplet("odd");
  droplet.on("/deep", [{ headers: json, body: deep }]);
  droplet.on("/proto", [{ headers: json, body: '{"__proto__":{"admin":true},"a":1}' }]);
  droplet.on("/utf8", [{ headers: json, body: Buffer.from([0x22, 0xff, 0xc3, 0x28, 0x22]) }]);
  droplet.on("/surrogate", [{ headers: json, body: '"\\ud800"' }]);
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`x-${n}`, "v"]));
  droplet.on("/headers", [{ headers: many, json: "many" }]);
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const { api, worker } = orchestrator;
  const { pid } = worker;
  const call = async (path: string) =>
    await submitAndWait(api, { droplet_name: "odd", path, ...ONCE });

  const nested = await call("/deep");
  expect(nested.status).toBe("success");
  expect(nested.response_body).toBe(deep);
  const proto = await call("/proto");
  expect(JSON.stringify(proto.response_body)).toBe('{"__proto__":{"admin":true},"a":1}');
  expect((await call("/utf8")).response_body).toEqual({
    _base64: expect.any(String),
    _content_type: "application/json",
  });
  expect(await call("/surrogate")).toMatchObject({ status: "success", response_body: "\ud800" });
  const headers = await call("/headers");
  expect(["success", "error"]).toContain(headers.status);
  if (headers.status === "error") expect(headers.error?.code).toBe("BAD_RESPONSE");
  expect((await call("/")).status).toBe("success");
  expect([worker.pid, worker.isRunning]).toEqual([pid, true]);
});

test("whatever a caller sends is refused by name, or sent as it is", async () => {
  await using droplet = await startDroplet("target");
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const { api, worker } = orchestrator;
  const post = { droplet_name: "target", method: "POST", path: "/" };
  const raw = async (payload: string) =>
    await send(api, "/orchestrator/tasks", {
      method: "POST",
      body: `{"droplet_name":"target","method":"POST","path":"/","payload":${payload}}`,
    });
  for (const path of ["/\ud800", "/a\u0000b", "/a\r\nX-Evil: 1", `/${"x".repeat(3000)}`]) {
    expect(fieldsRefused(await submit(api, { ...post, path })), JSON.stringify(path)).toEqual([
      "path",
    ]);
  }
  expect((await submit(api, { ...post, payload: "x".repeat(2 * MB) })).status).toBe(413);
  expect(droplet.requests).toEqual([]);
  const huge = await submitAndWait(api, { ...post, payload: "y".repeat(900_000) });
  expect(huge.status).toBe("success");
  expect(droplet.requests[0]?.json).toBe("y".repeat(900_000));
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  expect(refusalOf(await raw(deep), 400).code).toBe("INVALID_REQUEST");
  const polluted = '{"__proto__":{"admin":true},"constructor":{"prototype":1}}';
  expect((await raw(polluted)).status).toBe(200);
  expect(droplet.requests[1]?.bytes.toString()).toBe(polluted);
  expect((await raw('"\\ud800"')).body).toMatchObject({ status: "success" });
  expect(droplet.requests[2]?.json).toBe("\ud800");
  expect(droplet.requests).toHaveLength(3);
  expect(worker.isRunning).toBe(true);
});
