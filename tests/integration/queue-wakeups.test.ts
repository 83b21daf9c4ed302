import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { submitAndWait, submitAsync, untilEnded } from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { onRedis } from "../support/redis-commands.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

const TASKS = 200;

/** Upkeep of an API and a worker takes some ten scripts a second; a consumer that does not wait, thousands. */
const IDLE_SCRIPTS_PER_S_MAX = 50;
const IDLE_MS = 2000;

/** A consumer that is not woken looks by itself after 30 s, and is built anew after 15. */
const UNNOTICED_MS = 10_000;

async function callsOf(redisUrl: string, command: string): Promise<number> {
  const stats = await onRedis(redisUrl, async (redis) => await redis.info("commandstats"));
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

test(
  "a task that comes alone is added, taken and ended, and wakes nobody in vain",
  { timeout: 60_000 },
  async () => {
    await using privateRedis = await startPrivateRedis();
    await using droplet = await startDroplet("lone");
    await using orchestrator = await startOrchestrator({
      droplets: [droplet],
      redisUrl: privateRedis.url,
      // Each sync waits for markers of its own.
      env: { REGISTRY_SYNC_INTERVAL: "60" },
    });
    const { api } = orchestrator;
    const looksAndWaits = async (): Promise<[looks: number, waits: number]> => [
      await callsOf(privateRedis.url, "zpopmin"),
      await callsOf(privateRedis.url, "bzpopmin"),
    ];
    const before = await looksAndWaits();
    for (let n = 0; n < TASKS; n++) {
      const record = await submitAndWait(api, { droplet_name: "lone", path: "/" });
      expect(record).toMatchObject({ status: "success" });
    }
    const after = await looksAndWaits();
    // One look takes the job. One task in eight forgets old ones, by the same command.
    expect(after[0] - before[0]).toBeLessThan(1.5 * TASKS);
    // A wait for BullMQ's marker goes on while tasks come and go.
    expect(after[1] - before[1]).toBeLessThan(TASKS / 10);
  },
);

test("a worker with nothing to do asks Redis for next to nothing, before its first task and after", async () => {
  await using privateRedis = await startPrivateRedis();
  await using droplet = await startDroplet("lone");
  await using orchestrator = await startOrchestrator({
    droplets: [droplet],
    redisUrl: privateRedis.url,
  });
  const scriptsPerS = async (): Promise<number> => {
    const before = await callsOf(privateRedis.url, "evalsha");
    await setTimeout(IDLE_MS);
    return ((await callsOf(privateRedis.url, "evalsha")) - before) / (IDLE_MS / 1000);
  };
  expect(await scriptsPerS()).toBeLessThan(IDLE_SCRIPTS_PER_S_MAX);
  await submitAndWait(orchestrator.api, { droplet_name: "lone", path: "/" });
  expect(await scriptsPerS()).toBeLessThan(IDLE_SCRIPTS_PER_S_MAX);
});

test("no task lies unnoticed, however close to the end of another it comes", async () => {
  await using droplet = await startDroplet("lone");
  await using orchestrator = await startOrchestrator({ droplets: [droplet], workers: 2 });
  const { api } = orchestrator;
  droplet.on("/", () => ({ afterMs: Math.random() * 4, json: "done" }));
  const callers = Array.from({ length: 3 }, async () => {
    for (let n = 0; n < TASKS / 4; n++) {
      const startedAt = Date.now();
      await submitAndWait(api, { droplet_name: "lone", path: "/" });
      expect(Date.now() - startedAt).toBeLessThan(UNNOTICED_MS);
    }
  });
  // Due while the others come and go: what is delayed must be seen by a consumer that found nothing else.
  const delayed = Array.from({ length: 10 }, async (_, n) => {
    const task = { droplet_name: "lone", path: "/", delay_ms: 100 * (n + 1) };
    const { task_id } = await submitAsync(api, task);
    const { started_at, created_at } = await untilEnded(api, task_id, UNNOTICED_MS);
    expect((started_at ?? Infinity) - created_at).toBeLessThan(UNNOTICED_MS / 1000);
  });
  await Promise.all([...callers, ...delayed]);
});

test("a delayed task that comes with the only other is due in its time", async () => {
  await using droplet = await startDroplet("lone");
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const { api } = orchestrator;
  droplet.on("/", [{ json: "done" }]);
  const task = { droplet_name: "lone", path: "/" };
  const { task_id } = await submitAsync(api, { ...task, delay_ms: 1500 });
  await submitAndWait(api, task);
  const { started_at, created_at } = await untilEnded(api, task_id, UNNOTICED_MS);
  expect((started_at ?? 0) - created_at).toBeGreaterThanOrEqual(1.5);
});
