import { afterEach, expect, test } from "vitest";
import { readDroplets, refusalOf, submit, submitAndWait } from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { entryOf, startRegistry } from "../support/scripted-registry.ts";
import { send } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { startOrchestrator, untilKnown, type Orchestrator } from "../support/start-orchestrator.ts";
import type { Step } from "../support/step.ts";
import { waitFor } from "../support/wait-for.ts";

/** For tests after which a Registry that behaves well leaves nothing to tell. */
const shared = shareOrchestrator({ droplets: ["harbour"], env: { REGISTRY_TIMEOUT: "0.3" } });
afterEach(() => shared.orchestrator.registry.behave("well"));

const EXPIRY = { REGISTRY_CACHE_EXPIRY: "2" };
const task = { droplet_name: "harbour", path: "/" };

async function untilDroplets(
  { api }: Orchestrator,
  expected: { cache_status?: string; served_from?: string },
): Promise<void> {
  await waitFor(`droplets to be ${JSON.stringify(expected)}`, async () => {
    expect(await readDroplets(api)).toMatchObject(expected);
    return true;
  });
}

test("with the Registry gone tasks still route, the list turns stale after the expiry and recovers by itself", async () => {
  await using droplet = await startDroplet("harbour");
  await using orchestrator = await startOrchestrator({ droplets: [droplet], env: EXPIRY });
  const { api, registry } = orchestrator;
  await registry.stop();

  await untilDroplets(orchestrator, { served_from: "cache" });
  expect((await submitAndWait(api, task)).status).toBe("success");
  await untilDroplets(orchestrator, { cache_status: "stale", served_from: "cache" });
  expect((await submitAndWait(api, task)).status).toBe("success");
  const { body } = await send(api, "/orchestrator/health");
  expect(body).toMatchObject({
    status: "active",
    dependencies: {
      registry: { status: "degraded" },
      cache: { status: "stale", droplet_count: 1 },
    },
  });

  await registry.start();
  await untilDroplets(orchestrator, { cache_status: "active", served_from: "registry" });
});

test.for<[how: string, step: Step]>([
  ["answers 500", 500],
  ["answers a page", { headers: { "content-type": "text/html" }, body: "<h1>Welcome</h1>" }],
  [
    "answers half a list",
    { headers: { "content-type": "application/json" }, body: '{"droplets":[{"na' },
  ],
  ["answers an empty list", { json: { droplets: [] } }],
  ["answers something else", { json: { hello: "world" } }],
  ["hangs", "hang"],
  ["resets the connection", "reset"],
])("a Registry that %s never replaces a good list", async ([, step], { expect: the }) => {
  const { api, orchestrator } = shared;
  await untilDroplets(orchestrator, { served_from: "registry" });
  orchestrator.registry.behave(step);

  await untilDroplets(orchestrator, { served_from: "cache" });
  const { droplets } = await readDroplets(api);
  the(droplets.map(({ name }) => name)).toContain("harbour");
  the((await submitAndWait(api, task)).status).toBe("success");
});

test("one bad entry is skipped, the rest is kept", async () => {
  const { api, orchestrator } = shared;
  const harbour = entryOf(shared.droplet("harbour"));
  orchestrator.registry.list = [
    { name: "nowhere", endpoint: "ftp://files" },
    { name: "", endpoint: "http://127.0.0.1:1" },
    harbour,
    { ...harbour, name: "quay" },
  ];
  await untilKnown(api, ["quay"]);
  const { droplets } = await readDroplets(api);
  expect(droplets.map(({ name }) => name).toSorted()).toEqual(["harbour", "quay", "registry"]);
});

test("everything restarted with the Registry down: the list comes back from Redis and tasks route", async () => {
  await using droplet = await startDroplet("harbour");
  await using redis = await startPrivateRedis({ isDurable: true });
  await using orchestrator = await startOrchestrator({ droplets: [droplet], redisUrl: redis.url });
  const { api, worker, registry } = orchestrator;
  await registry.stop();
  await Promise.all([api.stop(), worker.stop()]);
  await redis.stop();
  await redis.start();
  // Their snapshot is elsewhere: only Redis can help them.
  const elsewhere = { REGISTRY_CACHE_DIR: `${orchestrator.cacheDir}/empty` };
  await Promise.all([api.start(elsewhere), worker.start(elsewhere)]);
  await Promise.all([api.untilReady(), worker.untilReady()]);

  await untilKnown(api, ["harbour"]);
  await untilDroplets(orchestrator, { served_from: "cache" });
  expect((await submitAndWait(api, task)).status).toBe("success");
});

test("everything restarted with the Registry down and an empty Redis: the list comes from disk and tasks route", async () => {
  await using droplet = await startDroplet("harbour");
  await using redis = await startPrivateRedis();
  await using orchestrator = await startOrchestrator({ droplets: [droplet], redisUrl: redis.url });
  const { api, worker, registry } = orchestrator;
  await worker.waitForLog("registry.synced");
  await Promise.all([api.stop(), worker.stop()]);
  await registry.stop();
  await redis.stop();
  await redis.start();
  await Promise.all([api.start(), worker.start()]);
  await Promise.all([api.untilReady(), worker.untilReady()]);

  await untilDroplets(orchestrator, { served_from: "disk" });
  expect((await submitAndWait(api, task)).status).toBe("success");
  await registry.start();
  await untilDroplets(orchestrator, { cache_status: "active", served_from: "registry" });
});

test("with no list at all only the Registry can be called, and everyone is told so", async () => {
  await using registry = await startRegistry();
  registry.behave({ headers: { "content-type": "text/html" }, body: "<h1>Registry</h1>" });
  await using orchestrator = await startOrchestrator({ registry });
  const { api } = orchestrator;

  const [list, other, itself] = await Promise.all([
    send(api, "/orchestrator/droplets"),
    submit(api, task),
    submitAndWait(api, { droplet_name: "Registry", path: "/" }),
  ]);
  expect(refusalOf(list, 503).code).toBe("REGISTRY_ERROR");
  expect(refusalOf(other, 503).code).toBe("REGISTRY_ERROR");
  expect(itself).toMatchObject({ status: "success", response_body: "<h1>Registry</h1>" });
  await waitFor("health to be inactive", async () => {
    const { body } = await send(api, "/orchestrator/health");
    expect(body).toMatchObject({
      status: "inactive",
      dependencies: { cache: { status: "unavailable", droplet_count: 0 } },
    });
    return true;
  });

  await using droplet = await startDroplet("harbour");
  registry.list = [{ name: "harbour", endpoint: droplet.url }];
  registry.behave("well");
  await untilKnown(api, ["harbour"]);
  expect((await submitAndWait(api, task)).status).toBe("success");
});

test("a cache folder that cannot be written is a warning in health, and nothing else", async () => {
  await using droplet = await startDroplet("harbour");
  await using orchestrator = await startOrchestrator({
    droplets: [droplet],
    env: { REGISTRY_CACHE_DIR: "/dev/null/cache" },
  });
  await orchestrator.worker.waitForLog("snapshot.failed");
  expect((await submitAndWait(orchestrator.api, task)).status).toBe("success");
  await waitFor("the warning in health", async () => {
    const { text } = await send(orchestrator.api, "/orchestrator/health");
    return text.includes("/dev/null/cache") && text.includes("uid");
  });
});
