import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { submitAndWait } from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

// Some tests here start several processes each, on machines that are busy with other tests.
vi.setConfig({ testTimeout: 60_000 });

const READS = ["/health", "/capabilities", "/state", "/dependencies", "/info", "/version"];
const PREFIXES = ["/orchestrator", ""];

/** Health and what follows from it must tell the truth this soon. */
const TRUE_WITHIN_MS = 5000;

interface Health {
  status: string;
  dependencies: Record<"registry" | "cache" | "redis" | "workers", Record<string, unknown>>;
}

async function read<Body = Record<string, unknown>>(api: { url: string }, path: string) {
  const answer = await send(api, path);
  expect(answer.status).toBe(200);
  return answer.body as Body;
}

async function untilHealth(api: { url: string }, fits: (health: Health) => boolean) {
  const startedAt = performance.now();
  await waitFor("health to turn", async () => fits(await read<Health>(api, "/health")), {
    timeoutMs: TRUE_WITHIN_MS + 1000,
  });
  return performance.now() - startedAt;
}

describe("the reads", () => {
  let orchestrator: Orchestrator;
  beforeAll(async () => {
    orchestrator = await startOrchestrator({
      droplets: [{ name: "echo", url: "http://127.0.0.1:9" }],
      env: { DROPLET_ID: "2", PUBLIC_URL: "http://127.0.0.1:18001" },
      apiEnv: { BUILD_DATE: "2026-01-02", COMMIT_HASH: "abc123" },
    });
    await untilHealth(orchestrator.api, ({ dependencies: d }) => d.workers["count"] === 1);
  });
  afterAll(async () => await orchestrator[Symbol.asyncDispose]());

  test("a checker finds all six at the prefix and at the root, /message and /send too", async () => {
    for (const prefix of PREFIXES) {
      for (const path of ["/health", "/capabilities", "/state", "/dependencies"]) {
        await read(orchestrator.api, prefix + path);
        await read(orchestrator.api, `${prefix}${path}/`);
      }
      for (const path of ["/message", "/send"]) {
        expect(await read(orchestrator.api, prefix + path)).toMatchObject({ method: "POST" });
      }
      for (const path of ["/info", "/version"]) await read(orchestrator.api, prefix + path);
    }
    expect(await read(orchestrator.api, "/")).toMatchObject({ service: "orchestrator" });
    const refused = await send(orchestrator.api, "/orchestrator/state", { method: "POST" });
    expect([refused.status, refused.headers["allow"]]).toEqual([405, "GET"]);
  });

  test('a monitor that greps for "status":"active" finds it', async () => {
    const { text, body } = await send(orchestrator.api, "/orchestrator/health");
    expect(text).toContain('"status":"active"');
    expect(body).toMatchObject({
      service: "orchestrator",
      name: "orchestrator",
      id: 2,
      endpoint: "http://127.0.0.1:18001",
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      dependencies: {
        registry: { status: "healthy", url: orchestrator.registry.url, error: null },
        cache: { status: "active", droplet_count: 1 },
        redis: { status: "healthy" },
        workers: { status: "healthy", count: 1 },
      },
    });
  });

  test("capabilities, version and info say who we are", async () => {
    const capabilities = await read(orchestrator.api, "/capabilities");
    expect(capabilities).toMatchObject({
      dependencies: ["registry"],
      udc_version: "1.0",
      service_name: "orchestrator",
      droplet_id: 2,
      metadata: {
        build_date: "2026-01-02",
        commit_hash: "abc123",
        registry_url: orchestrator.registry.url,
      },
    });
    expect(capabilities["features"]).toEqual(
      expect.arrayContaining([
        "task_routing",
        "inter_droplet_messaging",
        "retry_logic",
        "registry_sync",
        "cache_fallback",
      ]),
    );
    expect(capabilities["capabilities"]).toEqual(capabilities["features"]);
    expect(await read(orchestrator.api, "/version")).toMatchObject({ commit_hash: "abc123" });
    const info = await read(orchestrator.api, "/info");
    expect(info).toMatchObject({ id: 2, name: "orchestrator", cache_status: "active" });
    expect(Date.now() - Date.parse(String(info["last_registry_sync"]))).toBeLessThan(10_000);
    expect(info["cache_age_seconds"]).toBeLessThan(10);
  });

  test("dependencies name the Registry, Redis and the cache", async () => {
    expect(await read(orchestrator.api, "/dependencies")).toMatchObject({
      required: [
        { id: 1, name: "registry", status: "connected" },
        { name: "redis", status: "connected" },
      ],
      optional: [{ name: "registry_cache", status: "connected" }],
      missing: [],
      dependencies: [
        { service_name: "registry", url: orchestrator.registry.url, required: true },
        { service_name: "redis", required: true },
      ],
    });
  });
});

test("the seed example works literally, and state counts what happened", async () => {
  await using registryApp = await startDroplet("registry", [{ json: { status: "ok" } }]);
  await using orchestrator = await startOrchestrator({ droplets: [registryApp] });
  const seed =
    '{"droplet_name":"registry","method":"GET","path":"/health","payload":null,"meta":{"requested_by":"dashboard"}}';
  const headers = { "content-type": "application/json" };
  const answer = await send(orchestrator.api, "/orchestrator/tasks", {
    method: "POST",
    headers,
    body: seed,
  });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    status: "success",
    target_url: `${registryApp.url}/health`,
    response_status: 200,
    response_body: { status: "ok" },
    retry_count: 0,
  });
  const state = await waitFor("the totals", async () => {
    const found = await read(orchestrator.api, "/state");
    expect(found["tasks"]).toMatchObject({ total: 1, success: 1, queued: 0, running: 0 });
    return found;
  });
  expect(state).toMatchObject({
    status: "active",
    state: "operational",
    workers: [{ id: expect.any(String) as string, running: 0 }],
  });
  for (const measured of [
    "cpu_percent",
    "uptime_seconds",
    "requests_per_minute",
    "errors_last_hour",
  ]) {
    expect(state[measured]).toBeGreaterThanOrEqual(0);
  }
  expect(state["memory_mb"]).toBeGreaterThan(10);
  expect(state["requests_total"]).toBeGreaterThan(1);
  const sinceRestart = Date.now() - Date.parse(String(state["last_restart"]));
  expect(Math.abs(sinceRestart - Number(state["uptime_seconds"]) * 1000)).toBeLessThan(2000);
});

test("a killed worker turns health to error within 5 s, a new one turns it back", async () => {
  await using orchestrator = await startOrchestrator();
  await untilHealth(orchestrator.api, ({ dependencies: d }) => d.workers["count"] === 1);
  await orchestrator.worker.kill();
  const tookMs = await untilHealth(orchestrator.api, ({ status }) => status === "error");
  expect(tookMs).toBeLessThan(TRUE_WITHIN_MS);
  const { dependencies } = await read<Health>(orchestrator.api, "/health");
  expect(dependencies.workers).toEqual({ status: "unhealthy", count: 0 });
  await orchestrator.addWorker();
  await untilHealth(orchestrator.api, ({ dependencies: d }) => d.workers["count"] === 1);
});

test("while Redis hangs every read is answered in milliseconds, and truly within 5 s", async () => {
  await using redis = await startPrivateRedis();
  await using droplet = await startDroplet("echo");
  await using orchestrator = await startOrchestrator({
    redisUrl: redis.url,
    droplets: [droplet],
  });
  await untilHealth(orchestrator.api, ({ status }) => status === "active");
  await redis.freeze();
  const turned = untilHealth(orchestrator.api, ({ status }) => status === "error");
  // Whoever asks a Redis that hangs waits 1.5 s; the fastest of three tells our own work from a busy machine's.
  for (const path of [...READS, "/droplets"]) {
    const times: number[] = [];
    for (let n = 0; n < 3; n++) {
      const { status, tookMs } = await send(orchestrator.api, path);
      expect([path, status]).toEqual([path, 200]);
      times.push(tookMs);
    }
    expect(Math.min(...times), path).toBeLessThan(100);
  }
  expect(await turned).toBeLessThan(TRUE_WITHIN_MS);
  expect(await read(orchestrator.api, "/health")).toMatchObject({
    status: "error",
    dependencies: { redis: { status: "unhealthy" }, cache: { droplet_count: 1 } },
  });
  expect(await read(orchestrator.api, "/dependencies")).toMatchObject({ missing: ["redis"] });
  await redis.thaw();
  await untilHealth(orchestrator.api, ({ status }) => status === "active");
  const result = await submitAndWait(orchestrator.api, { droplet_name: "echo", path: "/" });
  expect(result.status).toBe("success");
});

test("a Redis that is gone shows within 5 s, and its return too", async () => {
  await using redis = await startPrivateRedis({ isDurable: true });
  await using orchestrator = await startOrchestrator({
    redisUrl: redis.url,
    droplets: [{ name: "echo", url: "http://127.0.0.1:9" }],
  });
  await untilHealth(orchestrator.api, ({ status }) => status === "active");
  await redis.stop();
  const tookMs = await untilHealth(orchestrator.api, ({ status }) => status === "error");
  expect(tookMs).toBeLessThan(TRUE_WITHIN_MS);
  await redis.start();
  await untilHealth(orchestrator.api, ({ status }) => status === "active");
});

test("an API that starts before Redis is there has the list as soon as it is", async () => {
  await using redis = await startPrivateRedis({ isDurable: true });
  await using orchestrator = await startOrchestrator({
    redisUrl: redis.url,
    droplets: [{ name: "echo", url: "http://127.0.0.1:9" }],
    env: { REGISTRY_SYNC_INTERVAL: "600" },
  });
  const { api, worker, cacheDir } = orchestrator;
  await Promise.all([worker.stop(), api.stop()]);
  await redis.stop();
  await api.start({ REGISTRY_CACHE_DIR: join(cacheDir, "empty") });
  expect((await send(api, "/droplets")).status).toBe(503);
  expect(await read(api, "/dependencies")).toMatchObject({ missing: ["registry", "redis"] });
  await redis.start();
  await waitFor("the list", async () => {
    expect(await read(api, "/droplets")).toMatchObject({
      droplets: [{ name: "registry" }, { name: "echo" }],
      served_from: "registry",
    });
    return true;
  });
});
