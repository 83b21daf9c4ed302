import { describe, expect, test } from "vitest";
import { readDroplets } from "../support/api-client.ts";
import {
  asked,
  isGet,
  registryHealth,
  startPathRegistry,
  untilRegistryIs,
} from "../support/path-registry.ts";
import { entryOf, startRegistry } from "../support/scripted-registry.ts";
import { send } from "../support/send.ts";
import { startOrchestrator, untilKnown } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const OUR_URL = "http://127.0.0.1:18001";
const echo = { name: "echo", url: "http://127.0.0.1:9" };
const slow = { name: "slow", url: "http://127.0.0.1:10" };

async function info(api: { url: string }) {
  return (await send(api, "/info")).body as Record<string, unknown>;
}

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
