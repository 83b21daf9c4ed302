import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { cancelledEnd } from "@orchestrator/core";
import { FAILING_FAST, openStore, reconcile, type Store } from "@orchestrator/queue";
import { expect, inject, test } from "vitest";
import { listTasks, readTask, submit, submitAsync } from "../support/api-client.ts";
import { onRedis } from "../support/redis-commands.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

/** The store as a process has it that is about to die. */
async function openMortal({
  redisUrl,
  keyPrefix,
  registry,
  cacheDir,
}: Pick<Orchestrator, "redisUrl" | "keyPrefix" | "cacheDir"> & {
  registry: { url: string };
}): Promise<Store> {
  return await openStore({
    redisUrl,
    keyPrefix,
    name: `mortal-${randomUUID()}`,
    manners: FAILING_FAST,
    bodyLimits: { keepMs: 60_000, bytesMax: 1_000_000 },
    registryUrl: registry.url,
    registryCacheExpiryMs: 60_000,
    registryCacheDir: cacheDir,
    onError: () => {},
  });
}

test("a process that dies between ending a delayed task and what follows leaves nothing for long, without any worker", async () => {
  await using droplet = await startDroplet("sink");
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const { api, worker, keyPrefix, redisUrl } = orchestrator;
  await worker.kill();
  const task = {
    droplet_name: "sink",
    path: "/",
    delay_ms: 3_600_000,
    callback: { droplet_name: "sink", path: "/callback" },
  };
  const headers = { "idempotency-key": "mortal" };
  const { task_id } = await submitAsync(api, task, { headers });
  {
    await using store = await openMortal(orchestrator);
    const stored = await store.ledger.records.read(task_id);
    if (stored === null) throw new Error("the task has no record");
    // The first two steps of `endOutsideJob`; kill -9 comes before the third.
    await store.ledger.history.noteEnding(task_id, Date.now());
    const ending = { task: stored.task, end: cancelledEnd(), nowMs: Date.now(), attempt: null };
    const nothing = { response: null, targetUrl: null, replyChannel: null, input: null };
    expect(await store.ledger.records.end({ ...ending, ...nothing })).toMatchObject({
      kind: "ended",
    });
  }
  expect((await readTask(api, task_id)).status).toBe("cancelled");
  expect((await listTasks(api, { status: "cancelled" })).total).toBe(0);

  const line = await api.waitForLog("endings.followedUp", { timeoutMs: 30_000 });
  expect(line["tasks"]).toBe(1);
  expect((await listTasks(api, { status: "cancelled" })).tasks.map(({ id }) => id)).toEqual([
    task_id,
  ]);
  const callbacks = (await listTasks(api, { status: "queued" })).tasks;
  expect(callbacks.map(({ path, meta }) => [path, meta])).toEqual([
    ["/callback", { callback_of: task_id }],
  ]);
  const replay = await submit(api, task, { headers });
  expect(replay.headers["idempotency-replayed"]).toBe("true");
  await waitFor("job and note to be gone", async () => {
    return await onRedis(redisUrl, async (redis) => {
      const job = await redis.exists(`${keyPrefix}:{d-sink}:${task_id}`);
      return job + (await redis.zcard(`${keyPrefix}:{all}:endings`)) === 0;
    });
  });

  await worker.start();
  await droplet.untilRequests(1, undefined, { timeoutMs: 20_000 });
  expect(droplet.requests.map(({ path }) => path)).toEqual(["/callback"]);
});

test("one process at a time reconciles, and one that died at it keeps the others out no longer than its lock lives", async () => {
  const redisUrl = inject("redisUrl");
  const keyPrefix = `test-${randomUUID().slice(0, 8)}`;
  const registry = { url: "http://127.0.0.1:9" };
  await using store = await openMortal({ redisUrl, keyPrefix, registry, cacheDir: tmpdir() });
  const { redis, keys } = store;
  await redis.set(keys.reconcilerLock, "of one that died", "PX", 400);
  expect(await reconcile(store, Date.now())).toBeNull();
  await waitFor("its end", async () => (await reconcile(store, Date.now())) === 0);
  expect(await redis.exists(keys.reconcilerLock)).toBe(0);
  const both = await Promise.all([reconcile(store, Date.now()), reconcile(store, Date.now())]);
  expect(both).toContain(null);
});

test("a task that is listed as running although it has ended is put right without a worker", async () => {
  await using droplet = await startDroplet("sink", ["hang"]);
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const { api, worker } = orchestrator;
  const { task_id } = await submitAsync(api, { droplet_name: "sink", path: "/" });
  await droplet.untilHanging(1);
  await waitFor(
    "it to be listed",
    async () => (await listTasks(api, { status: "running" })).total === 1,
  );
  await worker.kill();
  {
    await using store = await openMortal(orchestrator);
    const stored = await store.ledger.records.read(task_id);
    if (!stored?.open) throw new Error("the task does not run");
    await store.ledger.records.end({
      task: stored.task,
      end: { status: "success", error: null },
      nowMs: Date.now(),
      attempt: {
        number: stored.open.number,
        startedAt: stored.open.startedAt,
        durationMs: 1,
        outcome: "responded",
        responseStatus: 200,
        error: null,
        retryInMs: null,
        decision: "200 is success",
      },
      response: null,
      targetUrl: null,
      replyChannel: null,
      input: null,
    });
  }
  await waitFor(
    "the lists to agree with the record",
    async () => (await listTasks(api, { status: "success" })).total === 1,
    { timeoutMs: 30_000, everyMs: 100 },
  );
  expect((await listTasks(api, { status: "running" })).total).toBe(0);
});
