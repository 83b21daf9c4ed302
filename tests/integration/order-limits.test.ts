import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { submitAsync, untilEnded } from "../support/api-client.ts";
import { operate, readDroplet } from "../support/operate.ts";
import { startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import type { Service } from "../support/service.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

/** Submits so many to a path of their own whose answers take a while; how many were open at once, at most. */
async function overlapOf(api: Service, droplet: ScriptedDroplet, count = 12): Promise<number> {
  const path = `/${randomUUID()}`;
  let open = 0;
  let most = 0;
  droplet.on(path, () => {
    most = Math.max(most, ++open);
    setTimeout(() => open--, 140);
    return { json: 1, afterMs: 150 };
  });
  const accepted = await Promise.all(
    Array.from(
      { length: count },
      async () => await submitAsync(api, { droplet_name: droplet.name, path }),
    ),
  );
  for (const { task_id } of accepted) {
    expect((await untilEnded(api, task_id)).status).toBe("success");
  }
  return most;
}

test("default limits hold over all workers, an operator's number stands in their place, null brings them back, and the next start may change them", async () => {
  await using droplet = await startDroplet("narrow");
  const workerEnv = { DROPLET_GLOBAL_CONCURRENCY: "2", DROPLET_GLOBAL_RATE: "500/1" };
  await using orchestrator = await startOrchestrator({
    droplets: [droplet],
    workers: 2,
    workerEnv,
  });
  const { api, workers } = orchestrator;
  const rate = { max: 500, per_ms: 1000 };
  expect((await readDroplet(api, "narrow")).limits).toEqual({ concurrency: 2, rate });
  expect(await overlapOf(api, droplet)).toBe(2);

  await operate(api, "narrow", "limits", { concurrency: 5 });
  const raised = await overlapOf(api, droplet);
  expect(raised).toBeGreaterThan(2);
  expect(raised).toBeLessThanOrEqual(5);

  const back = await operate(api, "narrow", "limits", { concurrency: null });
  expect(back.limits).toEqual({ concurrency: 2, rate });
  expect(await overlapOf(api, droplet)).toBe(2);

  // A pause takes the same way to the queue and must not lose them.
  await operate(api, "narrow", "pause");
  await operate(api, "narrow", "resume");
  expect(await overlapOf(api, droplet)).toBe(2);

  const [first, second] = workers;
  await first?.restart({ DROPLET_GLOBAL_CONCURRENCY: "3", DROPLET_GLOBAL_RATE: "" });
  await second?.restart({ DROPLET_GLOBAL_CONCURRENCY: "3", DROPLET_GLOBAL_RATE: "" });
  expect(await overlapOf(api, droplet)).toBe(3);
  expect((await readDroplet(api, "narrow")).limits).toEqual({ concurrency: 3, rate: null });
});
