import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { readDroplets } from "../support/api-client.ts";
import { onRedis } from "../support/redis-commands.ts";
import { entryOf, startRegistry, type RegistryEntry } from "../support/scripted-registry.ts";
import { ScriptedServer, type RecordedRequest } from "../support/scripted-server.ts";
import { send } from "../support/send.ts";
import { startOrchestrator, untilKnown, type Orchestrator } from "../support/start-orchestrator.ts";
import type { Step } from "../support/step.ts";
import { waitFor } from "../support/wait-for.ts";

// Some tests here start several processes each, on machines that are busy with other tests.
vi.setConfig({ testTimeout: 60_000 });

const OUR_URL = "http://127.0.0.1:18001";
const echo = { name: "echo", url: "http://127.0.0.1:9" };
const slow = { name: "slow", url: "http://127.0.0.1:10" };

/** Answers by method and path; 404 for everything else. */
async function startPathRegistry(routes: Record<string, Step | (() => Step)>) {
  const server = new ScriptedServer(({ method, path }) => {
    const step = routes[`${method} ${path}`] ?? 404;
    return typeof step === "function" ? step() : step;
  });
  return await server.start();
}

const json = (body: unknown): Step => ({ json: body });

const isGet = ({ method }: RecordedRequest): boolean => method === "GET";

const asked = (requests: readonly RecordedRequest[]) =>
  requests.map(({ method, path }) => `${method} ${path}`);

/** Of three: what is asked of the Registry meanwhile would take every one of them as long as that does. */
async function fastest(api: { url: string }, path: string): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 3; n++) times.push((await send(api, path)).tookMs);
  return Math.min(...times);
}

async function registryHealth(api: { url: string }) {
  const { body } = await send(api, "/health");
  return (body as { dependencies: Record<string, { status: string }> }).dependencies["registry"];
}

async function untilRegistryIs(api: { url: string }, status: string) {
  await waitFor(`the Registry to be ${status}`, async () => {
    return (await registryHealth(api))?.status === status;
  });
}

async function info(api: { url: string }) {
  return (await send(api, "/info")).body as Record<string, unknown>;
}

describe("a Registry of any shape", () => {
  const routes: Record<string, Step> = {};
  let registry: ScriptedServer;
  let orchestrator: Orchestrator;
  beforeAll(async () => {
    registry = await startPathRegistry(routes);
    orchestrator = await startOrchestrator({ env: { REGISTRY_URL: registry.url } });
  });
  afterAll(async () => {
    await orchestrator[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  const shapes: [string, string, (entry: RegistryEntry) => unknown][] = [
    ["a bare array at /droplets", "/droplets", (entry) => [entry]],
    ["an envelope at /registry/droplets", "/registry/droplets", (entry) => ({ droplets: [entry] })],
    [
      "a nested envelope at /registry/discover",
      "/registry/discover",
      (entry) => ({ data: { droplets: [entry] } }),
    ],
    ["services at /registry/list", "/registry/list", (entry) => ({ services: [entry] })],
    [
      "the UDC envelope at /getAll",
      "/getAll",
      (entry) => ({ udc_version: "1.0", payload: { registry: [entry] } }),
    ],
    [
      "a dictionary at /registry",
      "/registry",
      ({ name, endpoint }) => ({ [name]: { url: endpoint }, broken: 5 }),
    ],
  ];

  test.each(shapes)("is read when it is %s", async (_, path, wrap) => {
    const name = `at${path.replaceAll("/", "-")}`;
    for (const route of Object.keys(routes)) delete routes[route];
    routes[`GET ${path}`] = { json: wrap(entryOf({ name, url: echo.url })) };
    await untilKnown(orchestrator.api, [name]);
    const { droplets, cache_status, served_from } = await readDroplets(orchestrator.api);
    expect([cache_status, served_from]).toEqual(["active", "registry"]);
    expect(droplets.map((one) => one.name)).toEqual(["registry", name]);
    expect(droplets[1]).toMatchObject({ url: echo.url, endpoint: echo.url, metadata: {} });

    const known = registry.requests.filter(isGet).length;
    const gets = await registry.untilRequests(known + 2, isGet);
    const latest = asked(gets.slice(known));
    expect(new Set(latest), "the path that worked is remembered").toEqual(new Set([`GET ${path}`]));
  });
});

test("a Registry is asked where REGISTRY_PATH says, with key and token, and through its own redirect", async () => {
  await using registry = await startPathRegistry({
    "GET /mesh": { status: 307, headers: { location: "/mesh/" } },
    "GET /mesh/": { json: [entryOf(echo)] },
  });
  await using orchestrator = await startOrchestrator({
    env: {
      REGISTRY_URL: registry.url,
      REGISTRY_PATH: "mesh",
      REGISTRY_KEY: "key-1",
      REGISTRY_TOKEN: "token-1",
    },
  });
  await untilKnown(orchestrator.api, ["echo"]);
  expect(new Set(asked(registry.requests))).toEqual(
    new Set(["GET /mesh", "GET /mesh/", "POST /register", "POST /registry/register"]),
  );
  for (const { headers } of registry.requests) {
    expect(headers).toMatchObject({ "x-registry-key": "key-1", authorization: "Bearer token-1" });
  }
});

test("a Registry's key is never sent to another host", async () => {
  await using elsewhere = await startPathRegistry({ "GET /droplets": { json: [entryOf(echo)] } });
  await using registry = await startPathRegistry({
    "GET /droplets": { status: 302, headers: { location: `${elsewhere.url}/droplets` } },
  });
  await using orchestrator = await startOrchestrator({
    env: { REGISTRY_URL: registry.url, REGISTRY_KEY: "key-1" },
  });
  await registry.untilRequests(7, isGet);
  expect(elsewhere.requests).toEqual([]);
  expect((await send(orchestrator.api, "/droplets")).status).toBe(503);
});

describe("a Registry that goes bad", () => {
  let orchestrator: Orchestrator;
  beforeAll(async () => {
    orchestrator = await startOrchestrator({
      droplets: [echo, slow],
      env: { REGISTRY_TIMEOUT: "0.4", PUBLIC_URL: OUR_URL },
    });
    orchestrator.registry.list.push(entryOf({ name: "orchestrator", url: OUR_URL }));
    await untilKnown(orchestrator.api, ["orchestrator"]);
  });
  afterAll(async () => await orchestrator[Symbol.asyncDispose]());

  const bad: [string, Step][] = [
    ["answers HTML", { body: "<html>welcome</html>", headers: { "content-type": "text/html" } }],
    ["answers 500", 500],
    ["answers an empty list", json({ droplets: [], total: 0 })],
    ["answers a bare empty array", json([])],
    ["answers somebody's error report", json({ error: "no database" })],
    ["lists entries without any endpoint", json([{ name: "echo" }, { name: "slow" }])],
    ["lists us alone", json([entryOf({ name: "orchestrator", url: OUR_URL })])],
    ["hangs", "hang"],
    ["drips", { json: [entryOf(echo)], drip: { bytes: 1, everyMs: 100 } }],
    ["cuts the connection", "reset"],
    ["speaks no HTTP", { raw: "hello\r\n\r\n" }],
  ];

  test.each(bad)("and %s loses nothing: the last list serves on", async (_, step) => {
    const { api, registry } = orchestrator;
    registry.behave(step);
    await untilRegistryIs(api, "degraded");
    expect(await fastest(api, "/droplets")).toBeLessThan(100);
    const { body } = await send(api, "/droplets");
    expect(body).toMatchObject({ served_from: "cache" });
    const names = (body as { droplets: { name: string }[] }).droplets.map(({ name }) => name);
    expect(names).toEqual(["registry", "echo", "slow", "orchestrator"]);
    expect((await send(api, "/health")).body).toMatchObject({ status: "active" });
    registry.behave("well");
    await untilRegistryIs(api, "healthy");
    expect(await readDroplets(api)).toMatchObject({ served_from: "registry" });
  });

  test("has its bad entries skipped, logged and the rest kept", async () => {
    const { api, registry, worker } = orchestrator;
    registry.behave(json([entryOf(echo), { name: "broken" }, entryOf(slow)]));
    await waitFor("the list without us", async () => {
      return (await readDroplets(api)).droplets.length === 3;
    });
    const line = await worker.waitForLog("droplet.skipped");
    expect(line).toMatchObject({ where: "[1]", reason: "it has no endpoint" });
    registry.behave("well");
  });
});

describe("self-registration", () => {
  const env = { PUBLIC_URL: OUR_URL, DROPLET_ID: "2" };

  test("tells the Registry who and where we are, and /info that it did", async () => {
    await using registry = await startRegistry([entryOf(echo)]);
    await using orchestrator = await startOrchestrator({
      registry,
      env: { ...env, REGISTRY_KEY: "key-1", REGISTRY_SYNC_INTERVAL: "600" },
    });
    const [registration] = await waitFor("the registration", () => {
      return registry.registrations.length > 0 && registry.registrations;
    });
    expect(registration).toMatchObject({
      method: "POST",
      path: "/register",
      json: { id: 2, name: "orchestrator", url: OUR_URL, endpoint: OUR_URL, version: "2.0.0" },
      headers: { "x-registry-key": "key-1" },
    });
    await waitFor("registered", async () => (await info(orchestrator.api))["registered"] === true);
  });

  test("updates the entry that stands there when the name is taken", async () => {
    await using registry = await startPathRegistry({
      "GET /droplets": { json: [entryOf(echo)] },
      "POST /register": 409,
      "GET /droplets/name/orchestrator": { json: { droplet: { id: 10, name: "orchestrator" } } },
      "PATCH /droplets/10": 200,
    });
    await using orchestrator = await startOrchestrator({
      env: { ...env, REGISTRY_URL: registry.url },
    });
    const [patch] = await registry.untilRequests(1, ({ method }) => method === "PATCH");
    expect(patch?.json).toMatchObject({ name: "orchestrator", endpoint: OUR_URL, url: OUR_URL });
    expect(patch?.json).not.toHaveProperty("id");
    const line = await orchestrator.worker.waitForLog("registration.done");
    expect(line).toMatchObject({ via: "PATCH /droplets" });
    expect(asked(registry.requests)).not.toContain("POST /registry/register");
  });

  test("falls back to /registry/register", async () => {
    await using registry = await startPathRegistry({
      "GET /droplets": { json: [entryOf(echo)] },
      "POST /registry/register": 201,
    });
    await using orchestrator = await startOrchestrator({
      env: { ...env, REGISTRY_URL: registry.url },
    });
    const line = await orchestrator.worker.waitForLog("registration.done");
    expect(line).toMatchObject({ via: "POST /registry/register" });
  });

  test("gives a Registry without any registration ever longer rests, and harms nothing", async () => {
    await using registry = await startPathRegistry({
      "GET /droplets": { json: [entryOf(echo)] },
    });
    await using orchestrator = await startOrchestrator({
      env: { ...env, REGISTRY_URL: registry.url, REGISTRY_SYNC_INTERVAL: "0.2" },
    });
    await untilKnown(orchestrator.api, ["echo"]);
    await registry.untilRequests(12, ({ path }) => path === "/droplets");
    const lines = orchestrator.worker.logs.filter("registration.failed");
    const tries = registry.requests.filter(({ path }) => path === "/register");
    expect(tries.length, "of 12 syncs").toBeGreaterThanOrEqual(2);
    expect(tries.length, "of 12 syncs").toBeLessThanOrEqual(5);
    expect((await send(orchestrator.api, "/health")).body).toMatchObject({ status: "active" });
    expect(await info(orchestrator.api)).toMatchObject({ registered: false });
    expect(lines.length, "one line per try").toBeLessThanOrEqual(tries.length);
  });

  test("that hangs does not hold up the sync", async () => {
    await using registry = await startRegistry([entryOf(echo)]);
    registry.answerRegistrations("hang");
    await using orchestrator = await startOrchestrator({ registry, env });
    await untilKnown(orchestrator.api, ["echo"]);
    const line = await orchestrator.worker.waitForLog("registration.failed");
    expect(line).toMatchObject({ kind: "unreachable" });
    expect(String(line["reason"])).toContain("did not answer within 1 s");
  });

  test("is repeated when the Registry comes back empty, and the others stay callable until they return", async () => {
    await using registry = await startRegistry([entryOf(echo), entryOf(slow)]);
    registry.list.push(entryOf({ name: "orchestrator", url: OUR_URL }));
    await using orchestrator = await startOrchestrator({ registry, env });
    const { api } = orchestrator;
    await waitFor("registered", async () => (await info(api))["registered"] === true);
    await registry.untilRequests(3, isGet);
    const before = registry.registrations.length;

    await registry.stop();
    await untilRegistryIs(api, "degraded");
    registry.list = [];
    await registry.start();
    await waitFor("a second registration", () => registry.registrations.length > before);

    registry.list = [entryOf({ name: "orchestrator", url: OUR_URL })];
    const syncs = registry.syncs.length;
    await waitFor("more syncs", () => registry.syncs.length >= syncs + 4);
    const names = (await readDroplets(api)).droplets.map(({ name }) => name);
    expect(names).toEqual(["registry", "echo", "slow", "orchestrator"]);
    expect(await registryHealth(api)).toMatchObject({ error: "it lists nobody but us" });
    expect(await info(api)).toMatchObject({ registered: true });

    registry.list.push(entryOf(slow));
    await untilRegistryIs(api, "healthy");
    const left = (await readDroplets(api)).droplets.map(({ name }) => name);
    expect(left).toEqual(["registry", "orchestrator", "slow"]);
  });
});

test("another REGISTRY_URL is asked at once, while the old list serves", async () => {
  await using old = await startRegistry([entryOf(echo)]);
  await using orchestrator = await startOrchestrator({
    registry: old,
    env: { REGISTRY_SYNC_INTERVAL: "600" },
  });
  const { api, worker, keyPrefix, redisUrl } = orchestrator;
  await untilKnown(api, ["echo"]);
  await waitFor("the syncs of the first start to be over", async () => {
    const queue = `${keyPrefix}:{sys-registry-sync}`;
    const waiting = await onRedis(redisUrl, async (redis) => [
      await redis.llen(`${queue}:wait`),
      await redis.llen(`${queue}:active`),
    ]);
    return waiting.every((jobs) => jobs === 0);
  });
  await worker.stop();
  await using next = await startRegistry([entryOf(slow)]);
  next.behave({ afterMs: 300, json: [entryOf(slow)] });
  await worker.start({ REGISTRY_URL: next.url });
  expect((await readDroplets(api)).droplets.map(({ name }) => name)).toContain("echo");
  await untilKnown(api, ["slow"]);
  expect(next.syncs).toHaveLength(1);
});
