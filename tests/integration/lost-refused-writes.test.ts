import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import {
  listTasks,
  readTask,
  refusalOf,
  submit,
  submitAndWait,
  submitAsync,
  untilEnded,
} from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { onRedis } from "../support/redis-commands.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const task = { droplet_name: "hold", path: "/", method: "POST" };

/** The contract's 2 s, three times over. */
const ANSWERED_WITHIN_MS = 6000;

/** Everything has to work again by itself within this. */
const RECOVERED = { timeoutMs: 45_000, everyMs: 100 };

const WAITING = 8;

/** Longer than a worker's lock and two looks for stalled jobs: what can go wrong meanwhile does. */
const REFUSED_FOR_MS = 15_000;

async function config(url: string, ...words: [string, ...string[]]): Promise<void> {
  await onRedis(url, async (redis) => await redis.call(...words));
}

test.concurrent.for([
  ["is full", ["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]],
  // To nobody, so that it keeps its data: as a primary that was demoted too early.
  ["is read-only", ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]],
] as [string, [string, ...string[]], [string, ...string[]]][])(
  "while Redis %s nothing is taken and nothing half-written, reads go on, and no task accepted before is lost or burnt",
  { timeout: 120_000 },
  async ([what, refuse, accept], { expect: the }) => {
    await using droplet = await startDroplet("hold", ["hang"]);
    await using redis = await startPrivateRedis();
    await using orchestrator = await startOrchestrator({
      droplets: [droplet],
      redisUrl: redis.url,
      apis: 2,
      workers: 2,
    });
    const { api, apis, workers } = orchestrator;
    const pids = [...apis, ...workers].map(({ pid }) => pid);
    // Under way, answered while Redis refuses; and retries whose time comes meanwhile, with none left to burn.
    const running = await submitAsync(api, { ...task, timeout_ms: 120_000, max_retries: 0 });
    await droplet.untilHanging(1);
    droplet.on("/later", [200]);
    const later = await Promise.all(
      Array.from(
        { length: WAITING },
        async () =>
          await submitAsync(api, { ...task, path: "/later", delay_ms: 2000, max_retries: 0 }),
      ),
    );
    await config(redis.url, ...refuse);
    const refusedFrom = performance.now();
    await droplet.release({ json: "while nothing is written" });

    const headers = { "idempotency-key": randomUUID() };
    const idsBefore = new Set((await listTasks(api)).tasks.map(({ id }) => id));
    const answers = await Promise.all(
      apis.flatMap((one) => [
        submit(one, task, { headers }),
        submit(one, task, { wait: false }),
        submit(one, task),
      ]),
    );
    for (const answer of answers) {
      the(refusalOf(answer, 503).code).toBe("QUEUE_UNAVAILABLE");
      the(Number(answer.headers["retry-after"])).toBeGreaterThanOrEqual(1);
      the(answer.tookMs).toBeLessThan(ANSWERED_WITHIN_MS);
    }
    const newIds = (await listTasks(api)).tasks.filter(({ id }) => !idsBefore.has(id));
    const claims = await onRedis(
      redis.url,
      async (connection) => await connection.keys(`${orchestrator.keyPrefix}:claim:*`),
    );
    const written = newIds.length + claims.length;
    the(written, "records and claims of refused requests").toBe(0);
    the((await readTask(api, running.task_id)).completed_at).toBeNull();
    await waitFor("health to tell", async () => {
      for (const one of apis) {
        const { body } = await send(one, "/orchestrator/health");
        the(body).toMatchObject({
          status: "error",
          dependencies: { redis: { status: "degraded" } },
        });
      }
      return true;
    });
    the((await send(api, "/healthz/ready")).status, "reads are served").toBe(200);
    for (const path of ["/orchestrator/metrics", "/metrics"]) {
      the((await send(api, path)).status, path).toBe(200);
    }
    await waitFor(
      "it to have lasted",
      () => performance.now() - refusedFrom > REFUSED_FOR_MS,
      RECOVERED,
    );

    droplet.on("/", [{ json: "again" }]);
    await config(redis.url, ...accept);
    await waitFor(
      "the same key to be taken",
      async () => (await submitAndWait(api, task, { headers, wait: 5 })).status === "success",
      RECOVERED,
    );
    const ended = await Promise.all(
      [running, ...later].map(async ({ task_id }) => await untilEnded(api, task_id, 45_000)),
    );
    await waitFor(
      "health to be well again",
      async () => {
        const { body } = await send(api, "/orchestrator/health");
        return (body as { status: string }).status === "active";
      },
      RECOVERED,
    );
    const calls = [running, ...later].map(({ task_id }) => droplet.callsOf(task_id).length);
    const wellEnded = ended.filter(({ status }) => status === "success").length;
    process.stdout.write(
      `Redis ${what} for ${REFUSED_FOR_MS / 1000} s: ${answers.length} refused, ${wellEnded} of ${ended.length} accepted ` +
        `tasks succeeded, called ${calls.join(" ")} times; records and claims left by refused ones: ${written}\n`,
    );
    the(ended.map(({ status, error }) => [status, error])).toEqual(
      ended.map(() => ["success", null]),
    );
    // A result that came while it could not be written down is kept, and not asked for again.
    the(calls).toEqual(calls.map(() => 1));
    the(
      [...apis, ...workers].map(({ pid }) => pid),
      "no process was restarted",
    ).toEqual(pids);
  },
);

test("one key, refused while Redis is full, makes exactly one call when it is repeated by ten", async () => {
  await using droplet = await startDroplet("hold");
  await using redis = await startPrivateRedis();
  await using orchestrator = await startOrchestrator({ droplets: [droplet], redisUrl: redis.url });
  const { api } = orchestrator;
  const headers = { "idempotency-key": randomUUID() };
  await config(redis.url, "CONFIG", "SET", "maxmemory", "1");
  refusalOf(await submit(api, task, { headers }), 503);
  await config(redis.url, "CONFIG", "SET", "maxmemory", "0");
  const results = await Promise.all(
    Array.from({ length: 10 }, async () => await submitAndWait(api, task, { headers })),
  );
  expect(new Set(results.map(({ task_id }) => task_id)).size).toBe(1);
  expect(droplet.requests).toHaveLength(1);
});
