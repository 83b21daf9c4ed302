import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  listTasks,
  refusalOf,
  submit,
  submitAndWait,
  submitAsync,
  untilEnded,
} from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { onRedis } from "../support/redis-commands.ts";
import { perTask, startDroplet } from "../support/scripted-droplet.ts";
import { startSlowProxy } from "../support/slow-proxy.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const task = { droplet_name: "mole", path: "/", method: "POST" };

/** A task should restart within 15 s of its worker's death; three times that for a busy machine. */
const TAKEN_OVER_WITHIN_MS = 45_000;

/** Longer than bringing up the next worker takes. */
const LONG = { timeout_ms: 200_000, attempt_timeout_ms: 100_000 };

const WAITERS = 20;

test.concurrent(
  "an API killed with callers waiting: their tasks end, are found at another API, and a repeat with the key joins them",
  { timeout: 90_000 },
  async () => {
    await using droplet = await startDroplet("mole", ["hang"]);
    await using orchestrator = await startOrchestrator({ droplets: [droplet], apis: 2 });
    const [first, second] = orchestrator.apis;
    if (first === undefined || second === undefined) throw new Error("two were asked for");
    const keys = Array.from({ length: WAITERS }, () => ({ "idempotency-key": randomUUID() }));
    const waiting = keys.map(
      async (headers) => await submit(first, task, { headers }).catch(() => null),
    );
    await droplet.untilHanging(WAITERS);
    await first.kill();
    expect(await Promise.all(waiting), "their connections were cut").toEqual(keys.map(() => null));

    const listed = (await listTasks(second, { droplet_name: "mole" })).tasks.map(({ id }) => id);
    await droplet.release({ json: "dug" });
    const ended = await Promise.all(listed.map(async (id) => await untilEnded(second, id)));
    const repeated = await Promise.all(
      keys.map(async (headers) => await submitAndWait(second, task, { headers })),
    );
    process.stdout.write(
      `API killed with ${WAITERS} waiters: ${ended.length} tasks ended, ` +
        `${droplet.requests.length} calls at the droplet\n`,
    );
    expect(ended.map(({ status }) => status)).toEqual(keys.map(() => "success"));
    expect(new Set(repeated.map(({ task_id }) => task_id))).toEqual(new Set(listed));
    expect(droplet.requests).toHaveLength(WAITERS);
  },
);

test.concurrent(
  "an API killed between claiming a key and adding its task: the repeat by ten makes exactly one call, under the claimed id",
  { timeout: 90_000 },
  async () => {
    await using droplet = await startDroplet("mole");
    await using redis = await startPrivateRedis();
    await using line = await startSlowProxy(redis.url);
    await using orchestrator = await startOrchestrator({
      droplets: [droplet],
      redisUrl: redis.url,
    });
    const { api, keyPrefix } = orchestrator;
    const doomed = await orchestrator.addApi({ REDIS_URL: line.url });
    const headers = { "idempotency-key": randomUUID() };
    // The claim is answered at once; what follows it is on its way for half a second.
    line.delay({ there: 500, back: 0 });
    const cut = submit(doomed, task, { headers }).catch(() => null);
    const claimed = await onRedis(
      redis.url,
      async (connection) =>
        await waitFor("the claim", async () => {
          const [claim] = await connection.keys(`${keyPrefix}:claim:*`);
          return claim !== undefined && (await connection.hget(claim, "t"));
        }),
    );
    await doomed.kill();
    expect(await cut).toBeNull();
    const jobs = await onRedis(
      redis.url,
      async (connection) => await connection.exists(`${keyPrefix}:{d-mole}:${claimed}`),
    );
    expect(jobs, "it was killed in between").toBe(0);

    const results = await Promise.all(
      Array.from({ length: 10 }, async () => await submitAndWait(api, task, { headers })),
    );
    process.stdout.write(
      `API killed between claim and add: ${results.length} repeats, ${droplet.requests.length} call, ` +
        `slowest healed in ${Math.max(...results.map(({ duration_ms: ms }) => ms))} ms\n`,
    );
    expect(new Set(results.map(({ task_id }) => task_id))).toEqual(new Set([claimed]));
    expect(droplet.requests).toHaveLength(1);
  },
);

test.concurrent(
  "two workers hold the same task in turn and both are killed: the third ends it, and at_most_once is sent once",
  { timeout: 180_000 },
  async () => {
    await using droplet = await startDroplet("mole", perTask(["hang", "hang", { json: "dug" }]));
    await using orchestrator = await startOrchestrator({ droplets: [droplet] });
    const { api } = orchestrator;
    const again = await submitAsync(api, { ...task, ...LONG });
    const once = await submitAsync(api, { ...task, ...LONG, delivery: "at_most_once" });
    await droplet.untilHanging(2);
    for (const deaths of [1, 2]) {
      const holder = orchestrator.workers.find(({ isRunning }) => isRunning);
      const successor = await orchestrator.addWorker();
      await holder?.kill();
      await waitFor(
        `${successor.name} to have taken over`,
        () => droplet.callsOf(again.task_id).length === deaths + 1,
        { timeoutMs: TAKEN_OVER_WITHIN_MS },
      );
    }
    const ended = await untilEnded(api, again.task_id, TAKEN_OVER_WITHIN_MS);
    const unknown = await untilEnded(api, once.task_id, TAKEN_OVER_WITHIN_MS);
    process.stdout.write(
      `two workers killed in turn with one task: ${droplet.callsOf(again.task_id).length} deliveries, ` +
        `${droplet.callsOf(once.task_id).length} of at_most_once\n`,
    );
    expect(ended).toMatchObject({ status: "success", retry_count: 0 });
    expect(ended.attempts.map(({ error }) => error)).toEqual(["WORKER_LOST", "WORKER_LOST", null]);
    expect(unknown).toMatchObject({ status: "error", error: { code: "OUTCOME_UNKNOWN" } });
    expect(droplet.callsOf(once.task_id)).toHaveLength(1);
  },
);

test.concurrent(
  "an API that is late sheds with 503 OVERLOADED and Retry-After, and recovers",
  { timeout: 90_000 },
  async () => {
    await using droplet = await startDroplet("mole");
    await using orchestrator = await startOrchestrator({ droplets: [droplet] });
    const { api } = orchestrator;
    const shed = await waitFor("it to shed", async () => {
      api.freeze();
      const asked = Array.from(
        { length: 20 },
        async () => await submit(api, task, { wait: false }),
      );
      await delay(2000);
      api.thaw();
      const answers = await Promise.all(asked);
      return answers.every(({ status }) => status === 503) && answers;
    });
    for (const answer of shed) {
      expect(refusalOf(answer, 503).code).toBe("OVERLOADED");
      expect(Number(answer.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    }
    const thawedAt = performance.now();
    await waitFor("it to take tasks again", async () => {
      const answer = await submit(api, task, { headers: { "idempotency-key": "after" } });
      return answer.status === 200;
    });
    process.stdout.write(
      `late API: ${shed.length} shed, took tasks again after ${Math.round(performance.now() - thawedAt)} ms\n`,
    );
  },
);
