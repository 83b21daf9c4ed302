import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readDroplets } from "../support/api-client.ts";
import { asked, isGet, startPathRegistry } from "../support/path-registry.ts";
import { onRedis } from "../support/redis-commands.ts";
import { entryOf, startRegistry, type RegistryEntry } from "../support/scripted-registry.ts";
import type { ScriptedServer } from "../support/scripted-server.ts";
import { send } from "../support/send.ts";
import { startOrchestrator, untilKnown, type Orchestrator } from "../support/start-orchestrator.ts";
import type { Step } from "../support/step.ts";
import { waitFor } from "../support/wait-for.ts";

const echo = { name: "echo", url: "http://127.0.0.1:9" };
const slow = { name: "slow", url: "http://127.0.0.1:10" };

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
