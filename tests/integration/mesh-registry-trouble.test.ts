import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readDroplets } from "../support/api-client.ts";
import { untilRegistryIs } from "../support/path-registry.ts";
import { entryOf } from "../support/scripted-registry.ts";
import { send } from "../support/send.ts";
import { startOrchestrator, untilKnown, type Orchestrator } from "../support/start-orchestrator.ts";
import type { Step } from "../support/step.ts";
import { waitFor } from "../support/wait-for.ts";

const OUR_URL = "http://127.0.0.1:18001";
const echo = { name: "echo", url: "http://127.0.0.1:9" };
const slow = { name: "slow", url: "http://127.0.0.1:10" };

const json = (body: unknown): Step => ({ json: body });

/** Of three: what is asked of the Registry meanwhile would take every one of them as long as that does. */
async function fastest(api: { url: string }, path: string): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 3; n++) times.push((await send(api, path)).tookMs);
  return Math.min(...times);
}

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
