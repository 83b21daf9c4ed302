import { expect, test } from "vitest";
import { readTask, submitAndWait, submitAsync, untilEnded } from "../support/api-client.ts";
import { perTask, startDroplet } from "../support/scripted-droplet.ts";
import { startRegistry } from "../support/scripted-registry.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

/** Longer than it takes to bring up a second worker on a machine that is busy. */
const task = { droplet_name: "mine", path: "/", timeout_ms: 120_000, attempt_timeout_ms: 60_000 };

/** A task should restart within 15 s of its worker's death; three times that for a busy machine. */
const TAKEN_OVER_WITHIN_MS = 45_000;

test.concurrent(
  "a worker killed in mid-attempt: another takes over within 15 s, and an at_most_once task is never sent twice",
  { timeout: 70_000 },
  async () => {
    await using droplet = await startDroplet("mine", perTask(["hang", { json: "dug" }]));
    await using orchestrator = await startOrchestrator({ droplets: [droplet] });
    const { api, worker } = orchestrator;
    const again = await submitAsync(api, task);
    const once = await submitAsync(api, { ...task, delivery: "at_most_once" });
    await droplet.untilHanging(2);
    await orchestrator.addWorker();
    await worker.kill();

    const [repeated, unknown] = await Promise.all([
      untilEnded(api, again.task_id, TAKEN_OVER_WITHIN_MS),
      untilEnded(api, once.task_id, TAKEN_OVER_WITHIN_MS),
    ]);
    expect(repeated).toMatchObject({ status: "success", response_body: "dug", retry_count: 0 });
    expect(repeated.attempts).toMatchObject([
      { number: 1, outcome: "sent_no_response", error: "WORKER_LOST", retry_in_ms: null },
      { number: 2, outcome: "responded", response_status: 200 },
    ]);
    expect(unknown).toMatchObject({ status: "error", error: { code: "OUTCOME_UNKNOWN" } });
    expect(unknown.attempts).toMatchObject([{ number: 1, error: "WORKER_LOST" }]);
    expect(droplet.callsOf(once.task_id)).toHaveLength(1);
  },
);

test.concurrent(
  "a worker killed as its request arrives leaves a lost attempt behind, although it had no time to write it down",
  { timeout: 70_000 },
  async () => {
    let onArrival: (() => void) | null = null;
    const answer = perTask(["hang", { json: "dug" }]);
    await using droplet = await startDroplet("mine", (request) => {
      onArrival?.();
      onArrival = null;
      return answer(request);
    });
    await using orchestrator = await startOrchestrator({ droplets: [droplet] });
    const { api, worker } = orchestrator;
    onArrival = () => worker.freeze();
    const { task_id } = await submitAsync(api, task);
    await droplet.untilHanging(1);
    await orchestrator.addWorker();
    await worker.kill();

    const ended = await untilEnded(api, task_id, TAKEN_OVER_WITHIN_MS);
    expect(ended).toMatchObject({ status: "success", response_body: "dug", retry_count: 0 });
    expect(ended.attempts).toMatchObject([
      { number: 1, outcome: "sent_no_response", error: "WORKER_LOST", retry_in_ms: null },
      { number: 2, outcome: "responded", response_status: 200 },
    ]);
    const numbers = droplet.callsOf(task_id).map(({ headers }) => headers["x-attempt"]);
    expect(numbers).toEqual(["1", "2"]);
  },
);

test.concurrent("a worker killed while a retry waits loses nothing: another makes the retry in its time", async () => {
  await using droplet = await startDroplet("mine", perTask([503, 200]));
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const { api, worker } = orchestrator;
  const waiting = submitAndWait(api, task);
  await worker.waitForLog("attempt.finished");
  await orchestrator.addWorker();
  await worker.kill();

  const result = await waiting;
  expect(result).toMatchObject({ status: "success", retry_count: 1 });
  const { attempts } = await readTask(api, result.task_id);
  expect(attempts.map(({ error }) => error)).toEqual([null, null]);
});

test.concurrent(
  "what a frozen worker reports after another took over changes nothing",
  { timeout: 70_000 },
  async () => {
    await using droplet = await startDroplet("mine", perTask(["hang", { json: "second" }]));
    await using orchestrator = await startOrchestrator({ droplets: [droplet] });
    const { api, worker } = orchestrator;
    const { task_id } = await submitAsync(api, task);
    await droplet.untilHanging(1);
    worker.freeze();
    await orchestrator.addWorker();
    const record = await untilEnded(api, task_id, TAKEN_OVER_WITHIN_MS);
    expect(record).toMatchObject({ status: "success", response_body: "second" });

    await droplet.release({ json: "first, too late" });
    worker.thaw();
    await worker.waitForLog(
      (line) => line.event === "attempt.finished" && line.task_id === task_id,
    );
    expect(await readTask(api, task_id)).toEqual(record);
  },
);

test.concurrent(
  "a worker killed in the midst of a sync: another goes on with it",
  { timeout: 90_000 },
  async () => {
    await using registry = await startRegistry([{ name: "mine", endpoint: "http://127.0.0.1:1" }]);
    const env = { REGISTRY_TIMEOUT: "60" };
    await using orchestrator = await startOrchestrator({ registry, apis: 0, env });
    registry.behave("hang");
    await registry.untilHanging(1);
    await orchestrator.addWorker();
    await orchestrator.worker.kill();
    registry.behave("well");

    const before = registry.syncs.length;
    const killedAt = performance.now();
    await waitFor("three more syncs", () => registry.syncs.length >= before + 3, {
      timeoutMs: TAKEN_OVER_WITHIN_MS,
    });
    const tookMs = Math.round(performance.now() - killedAt);
    process.stdout.write(`worker killed in mid-sync: syncs go on after ${tookMs} ms\n`);
  },
);
