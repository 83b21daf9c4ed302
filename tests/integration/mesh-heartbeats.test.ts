import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fieldsRefused } from "../support/api-client.ts";
import { deliver, flat } from "../support/mesh-messages.ts";
import { startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { entryOf, startRegistry } from "../support/scripted-registry.ts";
import { send } from "../support/send.ts";
import { startOrchestrator, untilKnown, type Orchestrator } from "../support/start-orchestrator.ts";

async function readDroplet(from: { url: string }, name: string): Promise<Record<string, unknown>> {
  return (await send(from, `/droplets/${name}`)).body as Record<string, unknown>;
}

let droplet: ScriptedDroplet;
let orchestrator: Orchestrator;
let api: { url: string };
beforeAll(async () => {
  droplet = await startDroplet("echo");
  orchestrator = await startOrchestrator({ droplets: [droplet] });
  api = orchestrator.api;
});
afterAll(async () => {
  await orchestrator[Symbol.asyncDispose]();
  await droplet[Symbol.asyncDispose]();
});

describe("a sign of life", () => {
  test("is a heartbeat, a heartbeat of the droplet's path, or a message; /droplets/{name} shows it", async () => {
    await using registry = await startRegistry(
      ["by-id", "by-name", "by-path", "by-message", "by-envelope", "silent"].map((name, n) =>
        entryOf({ name, url: "http://127.0.0.1:9" }, { id: 40 + n }),
      ),
    );
    await using other = await startOrchestrator({ registry });
    await untilKnown(other.api, ["silent"]);
    const beat = async (path: string, body: unknown) =>
      (await send(other.api, path, { method: "POST", json: body })).body;
    const startedAt = Date.now();
    const receipt = await beat("/orchestrator/heartbeat", {
      droplet_id: "40",
      status: "active",
      metrics: { cpu: 5 },
    });
    expect(receipt).toEqual({
      received: true,
      next_heartbeat_deadline: expect.any(Number) as number,
    });
    const { next_heartbeat_deadline: deadline } = receipt as { next_heartbeat_deadline: number };
    expect(deadline - startedAt / 1000).toBeGreaterThan(59);
    expect(deadline - startedAt / 1000).toBeLessThan(90);
    await beat("/heartbeat", { name: "BY-NAME", status: "active" });
    await beat("/orchestrator/droplets/42/heartbeat", { status: "active", metrics: null });
    await deliver(other.api, flat({ source: "droplet-43", message_type: "status" }));
    await beat("/heartbeat", { metadata: { source_droplet_id: 44 }, payload: { status: "error" } });

    const read = async (name: string) => await readDroplet(other.api, name);
    for (const name of ["by-id", "by-name", "by-path", "by-message", "by-envelope"]) {
      const seenAt = Date.parse(String((await read(name))["last_seen"]));
      expect(seenAt, name).toBeGreaterThan(startedAt - 2000);
    }
    expect(await read("by-id")).toMatchObject({
      reported: { status: "active", metrics: { cpu: 5 } },
    });
    expect(await read("44")).toMatchObject({ name: "by-envelope", reported: { status: "error" } });
    expect(await read("silent")).toMatchObject({ last_seen: null });
  });

  test("of a droplet that is not listed yet, or that says no name, gets its receipt", async () => {
    for (const [path, json] of [
      ["/heartbeat", {}],
      ["/heartbeat", { status: "active", metrics: {} }],
      ["/droplets/999/heartbeat", { status: "active" }],
    ] as const) {
      const { status, body } = await send(api, path, { method: "POST", json });
      expect([status, body]).toMatchObject([200, { received: true }]);
    }
    const wrong = await send(api, "/heartbeat", { method: "POST", json: { metrics: "many" } });
    expect(fieldsRefused(wrong)).toEqual(["metrics"]);
  });

  test("does not change the list; one droplet is shown with queue, circuit and limits", async () => {
    expect(await readDroplet(api, "ECHO")).toMatchObject({
      name: "echo",
      endpoint: droplet.url,
      queue: { waiting: 0, delayed: expect.any(Number) as number, active: 0 },
      paused: false,
      circuit: { state: "closed" },
      limits: { concurrency: null, rate: null },
    });
    const unknown = await send(api, "/orchestrator/droplets/nobody");
    expect(unknown.status).toBe(404);
    expect(unknown.body).toMatchObject({
      error: {
        code: "DROPLET_NOT_FOUND",
        details: { requested_droplet: "nobody", available_droplets: ["registry", "echo"] },
      },
    });
  });
});
