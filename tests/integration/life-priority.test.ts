import { expect, test } from "vitest";
import { readTask, submitAsync, untilEnded } from "../support/api-client.ts";
import { perTask, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

/** One at a time per droplet, and each test has a droplet of its own: what waits can be seen to wait. */
const shared = shareOrchestrator({
  droplets: ["mixed", "late", "retried", "rush", "delayed"],
  apis: 2,
  env: { DROPLET_CONCURRENCY: "1" },
});

/** Occupies the droplet until it is released. */
async function occupy(droplet: ScriptedDroplet): Promise<void> {
  const path = droplet.route(["hang"]);
  await submitAsync(shared.api, { droplet_name: droplet.name, path, priority: "high" });
  await droplet.untilRequests(1, (request) => request.path === path);
}

/** The order in which tasks came to the droplet, by the label in their payload. */
function labels(droplet: ScriptedDroplet): unknown[] {
  return droplet.requests
    .map(({ json }) => json)
    .filter((json) => typeof json === "string" && json !== "blocker");
}

async function add(
  droplet: ScriptedDroplet,
  label: string,
  more: Record<string, unknown> = {},
  api = shared.api,
): Promise<string> {
  const body = { droplet_name: droplet.name, path: "/", payload: label, ...more };
  return (await submitAsync(api, body)).task_id;
}

test.concurrent("a backlog is worked off high before normal before low, and first in first out within each", async () => {
  const droplet = shared.droplet("mixed");
  await occupy(droplet);
  const order = [
    "low",
    "normal",
    "high",
    "normal",
    "low",
    "high",
    "low",
    "high",
    "normal",
  ] as const;
  const counts = { high: 0, normal: 0, low: 0 };
  for (const [n, priority] of order.entries()) {
    // Normal is what a task has that names none, and the order holds over API processes.
    const more = priority === "normal" ? {} : { priority };
    await add(droplet, `${priority} ${++counts[priority]}`, more, shared.orchestrator.apis[n % 2]);
  }
  await droplet.release();
  await waitFor("all of them", () => labels(droplet).length === order.length);
  const expected = "high 1, high 2, high 3, normal 1, normal 2, normal 3, low 1, low 2, low 3";
  expect(labels(droplet).join(", ")).toBe(expected);
});

test.concurrent("a high task that comes late overtakes all that wait, but not the one that runs", async () => {
  const droplet = shared.droplet("late");
  await occupy(droplet);
  for (const label of ["low 1", "low 2"]) await add(droplet, label, { priority: "low" });
  const high = await add(droplet, "high", { priority: "high" });
  expect(await readTask(shared.api, high)).toMatchObject({ status: "queued", priority: "high" });
  expect(labels(droplet)).toEqual([]);
  await droplet.release();
  await waitFor("all of them", () => labels(droplet).length === 3);
  expect(labels(droplet)).toEqual(["high", "low 1", "low 2"]);
});

test.concurrent("a task that is tried again keeps its priority", async () => {
  const droplet = shared.droplet("retried");
  droplet.on("/fails-once", perTask([503, 200]));
  const path = "/fails-once";
  const retried = await add(droplet, "high", { path, priority: "high" });
  await droplet.untilRequests(1, ({ taskId }) => taskId === retried);
  await occupy(droplet);
  await add(droplet, "normal 1");
  await add(droplet, "low 1", { priority: "low" });
  // Its second attempt falls due while the droplet is occupied.
  await waitFor("the retry to be due", async () => {
    const { next_attempt_at } = await readTask(shared.api, retried);
    return next_attempt_at !== null && Date.now() / 1000 > next_attempt_at + 0.3;
  });
  await droplet.release();
  await waitFor("all of them", () => labels(droplet).length === 4);
  expect(labels(droplet)).toEqual(["high", "high", "normal 1", "low 1"]);
});

test.concurrent("a delayed task does not start before its time, and then by its priority", async () => {
  const droplet = shared.droplet("delayed");
  const alone = await add(droplet, "alone", { delay_ms: 700 });
  const record = await untilEnded(shared.api, alone);
  const [call] = droplet.callsOf(alone);
  expect((call?.arrivedAt ?? 0) / 1000 - record.created_at).toBeGreaterThanOrEqual(0.7);
  expect(record.started_at).toBeGreaterThanOrEqual(record.created_at + 0.7);

  await occupy(droplet);
  await add(droplet, "normal 1");
  const delayed = await add(droplet, "delayed high", { delay_ms: 500, priority: "high" });
  await add(droplet, "far away", { delay_ms: 60_000, priority: "high" });
  const { created_at } = await readTask(shared.api, delayed);
  await waitFor("its time to come", () => Date.now() / 1000 > created_at + 0.8);
  await droplet.release();
  await waitFor("both", () => labels(droplet).length === 3);
  expect(labels(droplet)).toEqual(["alone", "delayed high", "normal 1"]);
});

test.concurrent("the order holds for a backlog that came in all at once", async () => {
  const droplet = shared.droplet("rush");
  await occupy(droplet);
  const priorities = ["low", "high", "normal"] as const;
  const adding = Array.from({ length: 60 }, async (_, n) => {
    const priority = priorities[n % 3] ?? "normal";
    await add(droplet, priority, { priority });
  });
  await Promise.all(adding);
  await droplet.release();
  await waitFor("all of them", () => labels(droplet).length === 60);
  const blocks = ["high", "normal", "low"].flatMap((label) =>
    Array.from({ length: 20 }, () => label),
  );
  expect(labels(droplet)).toEqual(blocks);
});
