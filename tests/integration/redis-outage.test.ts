import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  readDroplets,
  readTask,
  refusalOf,
  submit,
  submitAndWait,
  submitAsync,
} from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { send, type Answer } from "../support/send.ts";
import { startOrchestrator, untilKnown } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

/** The contract's 2 s, with slack for a busy machine. */
const ANSWERED_WITHIN_MS = 2500;

/** Redis is back: everything has to work again by itself within this. */
const RECOVERED = { timeoutMs: 15_000, everyMs: 100 };

const task = { droplet_name: "dock", path: "/" };

/** Everything that needs Redis says so in time. */
function expectUnavailable(answer: Answer): void {
  const { code } = refusalOf(answer, 503);
  expect(code).toBe("QUEUE_UNAVAILABLE");
  expect(Number(answer.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  expect(answer.tookMs).toBeLessThan(ANSWERED_WITHIN_MS);
}

test.for([
  ["hangs", "freeze", "thaw"],
  ["is gone", "stop", "start"],
] as const)(
  "while Redis %s callers hear so within 2 s, reads from memory go on, and it recovers by itself",
  async ([, takeAway, giveBack], { expect: the }) => {
    await using droplet = await startDroplet("dock");
    await using redis = await startPrivateRedis({ isDurable: true });
    await using orchestrator = await startOrchestrator({
      droplets: [droplet],
      redisUrl: redis.url,
    });
    const { api, worker } = orchestrator;
    const { task_id } = await submitAndWait(api, task);
    const pid = [api.pid, worker.pid];
    await redis[takeAway]();

    const [waiting, leaving, list, live] = await Promise.all([
      submit(api, task),
      submit(api, task, { wait: false }),
      readDroplets(api),
      send(api, "/healthz/live"),
    ]);
    for (const answer of [waiting, leaving]) expectUnavailable(answer);
    the(refusalOf(leaving, 503).details).toMatchObject({ task_id: the.any(String) });
    the(list.droplets.map(({ name }) => name)).toContain("dock");
    the(live.status).toBe(200);
    await waitFor("health and readiness to tell", async () => {
      const health = await send(api, "/orchestrator/health");
      the(health.tookMs).toBeLessThan(500);
      the(health.body).toMatchObject({
        status: "error",
        dependencies: { redis: { status: "unhealthy" } },
      });
      the((await send(api, "/healthz/ready")).status).toBe(503);
      return true;
    });

    await redis[giveBack]();
    await waitFor(
      "tasks to run again",
      async () => (await submitAndWait(api, task, { wait: 5 })).status === "success",
      RECOVERED,
    );
    the((await readTask(api, task_id)).status).toBe("success");
    await api.untilReady();
    await worker.untilReady();
    the([api.pid, worker.pid], "neither process was restarted").toEqual(pid);
  },
);

test("whoever asks for tasks while Redis hangs hears within 2 s that they cannot be read", async () => {
  await using redis = await startPrivateRedis();
  await using orchestrator = await startOrchestrator({ redisUrl: redis.url });
  const { api } = orchestrator;
  const { task_id } = await submitAsync(api, { droplet_name: "registry", path: "/" });
  await redis.freeze();
  // One after the other: none may have to wait for what hangs already.
  const asking = ["", `/${task_id}`, `/${task_id}?wait=1`, "?status=queued"].map(
    async (path, n) => {
      await delay(n * 300);
      return await send(api, `/orchestrator/tasks${path}`);
    },
  );
  const answers = await Promise.all(asking);
  await redis.thaw();
  for (const answer of answers) expectUnavailable(answer);
});

test("a caller who waits while Redis restarts gets the result", async () => {
  await using droplet = await startDroplet("dock", ["hang"]);
  await using redis = await startPrivateRedis({ isDurable: true });
  await using orchestrator = await startOrchestrator({ droplets: [droplet], redisUrl: redis.url });
  const waiting = submitAndWait(orchestrator.api, task, { wait: 25 });
  await droplet.untilHanging(1);

  await redis.stop();
  await redis.start();
  await droplet.release({ json: "kept" });
  expect(await waiting).toMatchObject({ status: "success", response_body: "kept", retry_count: 0 });
});

test("a result that comes while Redis hangs is recorded when it answers again", async () => {
  await using droplet = await startDroplet("dock", ["hang"]);
  await using redis = await startPrivateRedis();
  await using orchestrator = await startOrchestrator({ droplets: [droplet], redisUrl: redis.url });
  const { api } = orchestrator;
  const { task_id } = await submitAsync(api, task);
  await droplet.untilHanging(1);

  await redis.freeze();
  await droplet.release({ json: "late" });
  await droplet.untilRequests(1, ({ endedAt }) => endedAt !== null);
  await redis.thaw();
  const record = await waitFor(
    "the record to end",
    async () => {
      const found = await readTask(api, task_id);
      return found.completed_at !== null && found;
    },
    RECOVERED,
  );
  expect(record).toMatchObject({ status: "success", response_body: "late" });
  expect(droplet.callsOf(task_id)).toHaveLength(1);
});

test("processes that start while Redis is down listen, say that they are not ready, and work once it is there", async () => {
  await using droplet = await startDroplet("dock");
  await using redis = await startPrivateRedis();
  await redis.stop();
  await using orchestrator = await startOrchestrator({
    droplets: [droplet],
    redisUrl: redis.url,
    waitUntil: "listening",
  });
  const { api, worker } = orchestrator;
  for (const service of [api, worker]) {
    expect([service.name, (await send(service, "/healthz/live")).status]).toEqual([
      service.name,
      200,
    ]);
    const ready = await send(service, "/healthz/ready");
    expect([service.name, ready.status]).toEqual([service.name, 503]);
    expect(ready.body).toMatchObject({
      reasons: expect.arrayContaining([expect.stringContaining("Redis")]),
    });
  }
  expectUnavailable(await submit(api, { droplet_name: "registry", path: "/" }));

  await redis.start();
  await Promise.all([api.untilReady(RECOVERED), worker.untilReady(RECOVERED)]);
  await untilKnown(api, ["dock"]);
  expect((await submitAndWait(api, task)).status).toBe("success");
});

test("both processes stop on SIGTERM although Redis is gone", async () => {
  await using redis = await startPrivateRedis();
  await using orchestrator = await startOrchestrator({ redisUrl: redis.url });
  const { api, worker } = orchestrator;
  await redis.stop();
  const exits = await Promise.all([api.stop(), worker.stop()]);
  for (const { signal } of exits) expect(signal).toBeNull();
});
