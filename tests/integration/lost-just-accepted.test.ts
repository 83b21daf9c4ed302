import { expect, test } from "vitest";
import { listTasks, readTask, submitAsync, untilEnded } from "../support/api-client.ts";
import { operate } from "../support/operate.ts";
import { readMetrics, sumOfStates } from "../support/read-metrics.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

const TASKS = 20;

test("tasks whose API dies as soon as it has accepted them are found at another, by id, in lists and in totals", async () => {
  await using droplet = await startDroplet("mole");
  await using orchestrator = await startOrchestrator({ droplets: [droplet], apis: 2 });
  const [first, second] = orchestrator.apis;
  if (first === undefined || second === undefined) throw new Error("two were asked for");
  // No worker takes them: nobody but the API that dies has seen them.
  await operate(second, "mole", "pause");
  const accepted = await Promise.all(
    Array.from({ length: TASKS }, async (_, n) => {
      const meta = { requested_by: `caller-${n % 2}` };
      return await submitAsync(first, { droplet_name: "mole", path: "/", meta });
    }),
  );
  await first.kill();

  const { tasks } = await readMetrics(second);
  expect(tasks).toMatchObject({ queued: TASKS, total: TASKS });
  expect(sumOfStates(tasks)).toBe(TASKS);
  const [one] = accepted;
  const record = await readTask(second, one?.task_id ?? "");
  expect(record).toMatchObject({ status: "queued", droplet_name: "mole", attempts: [] });
  const page = await listTasks(second, { requested_by: "caller-1", status: "queued" });
  expect(page.total).toBe(TASKS / 2);

  await operate(second, "mole", "resume");
  for (const { task_id } of accepted) {
    expect(await untilEnded(second, task_id)).toMatchObject({ status: "success", retry_count: 0 });
  }
  expect((await readMetrics(second)).tasks).toMatchObject({ queued: 0, success: TASKS });
  expect(droplet.requests).toHaveLength(TASKS);
});
