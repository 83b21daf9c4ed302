import { expect, test, vi } from "vitest";
import { startHealthServer } from "./health-server.ts";
import type { HealthServerOptions } from "./health-server.ts";

const bound = { host: "127.0.0.1", port: 0, portVariable: "WORKER_PORT" };

async function start(options: Partial<HealthServerOptions> = {}) {
  const server = await startHealthServer({
    ...bound,
    isReady: () => ({ ready: true, reasons: [] }),
    metricsText: () => Promise.resolve({ contentType: "text/plain; version=0.0.4", body: "m 1\n" }),
    log: { error: vi.fn<() => void>() },
    ...options,
  });
  const url = `http://127.0.0.1:${server.port}`;
  return { url, [Symbol.asyncDispose]: () => server.close() };
}

test.each(["/healthz/live", "/orchestrator/healthz/live", "/healthz/live/?probe=1"])(
  "%s says live without asking anything",
  async (path) => {
    const isReady = vi.fn<HealthServerOptions["isReady"]>();
    await using server = await start({ isReady });
    const response = await fetch(`${server.url}${path}`);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('{"status":"live"}');
    expect(isReady).not.toHaveBeenCalled();
  },
);

test("readiness is 200 when ready and 503 with reasons when not", async () => {
  let reasons = ["redis: connecting"];
  await using server = await start({
    isReady: () => ({ ready: reasons.length === 0, reasons }),
  });
  const before = await fetch(`${server.url}/healthz/ready`);
  expect(before.status).toBe(503);
  expect(await before.text()).toBe('{"status":"not_ready","reasons":["redis: connecting"]}');
  reasons = [];
  const after = await fetch(`${server.url}/orchestrator/healthz/ready`);
  expect(after.status).toBe(200);
  expect(await after.text()).toBe('{"status":"ready"}');
});

test("metrics are served as their source tells them", async () => {
  await using server = await start();
  const response = await fetch(`${server.url}/metrics`);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4");
  expect(await response.text()).toBe("m 1\n");
});

test("HEAD answers as GET does, without a body", async () => {
  await using server = await start();
  const response = await fetch(`${server.url}/healthz/live`, { method: "HEAD" });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe("");
});

test("other paths and methods are refused in the mesh's error shape", async () => {
  await using server = await start();
  const unknown = await fetch(`${server.url}/constructor`, { headers: { "x-trace-id": "t-1" } });
  expect(unknown.status).toBe(404);
  expect(unknown.headers.get("x-request-id")).toBe("t-1");
  expect(await unknown.json()).toEqual({
    status: "error",
    error: { code: "NOT_FOUND", message: "No resource at /constructor", details: {} },
    trace_id: "t-1",
    timestamp: expect.stringMatching(/Z$/),
  });
  const posted = await fetch(`${server.url}/healthz/live`, { method: "POST" });
  expect(posted.status).toBe(405);
  expect(posted.headers.get("allow")).toBe("GET, HEAD");
  expect(await posted.json()).toMatchObject({ error: { code: "METHOD_NOT_ALLOWED" } });
});

test("a failing source is logged whole and answered without detail", async () => {
  const failure = new Error("hunter2");
  const log = { error: vi.fn<(fields: unknown) => void>() };
  await using server = await start({ log, isReady: () => Promise.reject(failure) });
  const response = await fetch(`${server.url}/healthz/ready`);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain("hunter2");
  expect(log.error).toHaveBeenCalledWith(expect.objectContaining({ err: failure }));
});
