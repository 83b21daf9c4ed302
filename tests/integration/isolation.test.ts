import { expect, test } from "vitest";
import { submitAndWait, submitAsync, untilEnded } from "../support/api-client.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

/** More than DROPLET_CONCURRENCY (50) of one worker: every slot of the hung droplet is taken, and more wait. */
const HUNG_TASKS = 60;

/** Whoever had to wait for a hung slot would wait for a minute. */
const PATIENT = { timeout_ms: 120_000, attempt_timeout_ms: 60_000 };

test("one hung droplet does not delay the others, and its own tasks go on once it answers", async () => {
  await using hung = await startDroplet("hung", ["hang"]);
  await using quick = await startDroplet("quick");
  await using orchestrator = await startOrchestrator({ droplets: [hung, quick] });
  const { api } = orchestrator;
  const stuck = await Promise.all(
    Array.from(
      { length: HUNG_TASKS },
      async (_, n) => await submitAsync(api, { ...PATIENT, droplet_name: "hung", path: `/${n}` }),
    ),
  );
  await hung.untilHanging(50);

  const startedAt = performance.now();
  const results = await Promise.all(
    Array.from(
      { length: 20 },
      async () => await submitAndWait(api, { droplet_name: "quick", path: "/" }, { wait: 10 }),
    ),
  );
  expect(results.every(({ status }) => status === "success")).toBe(true);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  expect(hung.hanging).toBe(50);

  await hung.release();
  await hung.untilHanging(HUNG_TASKS - 50);
  await hung.release();
  const ended = await Promise.all(stuck.map(async ({ task_id }) => await untilEnded(api, task_id)));
  expect(ended.every(({ status, retry_count }) => status === "success" && retry_count === 0)).toBe(
    true,
  );
});
