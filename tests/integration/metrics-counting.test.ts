import { randomUUID } from "node:crypto";
import { bucketOf, DURATION_BUCKETS } from "@orchestrator/core";
import {
  connect,
  FAILING_FAST,
  forgetGoneDroplets,
  Keys,
  MetricsStore,
  TaskHistory,
  trimLimits,
  untilReady,
  type HistoryEntry,
} from "@orchestrator/queue";
import { expect, inject, test } from "vitest";
import { removeKeys } from "../support/redis-commands.ts";

type Redis = ReturnType<typeof connect>;

interface Counting {
  redis: Redis;
  keys: Keys;
  history: TaskHistory;
  metrics: MetricsStore;
}

/** The history and its numbers on a real Redis, under a prefix of their own. */
async function counting(work: (parts: Counting) => Promise<void>): Promise<void> {
  const prefix = `test-${randomUUID().slice(0, 8)}`;
  const url = inject("redisUrl");
  const redis = connect({ url, name: "orchestrator-tests", onError: () => {} }, FAILING_FAST);
  try {
    await untilReady(redis);
    const keys = new Keys(prefix);
    const history = new TaskHistory(redis, keys);
    await work({ redis, keys, history, metrics: new MetricsStore(redis, keys) });
  } finally {
    redis.disconnect();
    await removeKeys(inject("redisUrl"), prefix);
  }
}

function entriesOf(dropletName: string) {
  const task: HistoryEntry["task"] = {
    id: randomUUID(),
    dropletName,
    method: "GET",
    path: "/",
    priority: "normal",
    meta: {},
    traceId: randomUUID(),
    traceparent: null,
    caller: null,
    createdAt: Date.now(),
    delayMs: 0,
    deadlineAt: null,
    timeoutMs: 1000,
    attemptTimeoutMs: 1000,
    maxRetries: 3,
    delivery: "at_least_once",
    callback: null,
    replayedFrom: null,
    hops: 1,
    claim: null,
  };
  const open = { task, completedAt: null, durationMs: null };
  return {
    queued: (revision: number): HistoryEntry => ({
      ...open,
      revision,
      status: "queued",
      retries: 0,
    }),
    running: (revision: number, retries = 0): HistoryEntry => ({
      ...open,
      revision,
      status: "running",
      retries,
    }),
    ended: (
      revision: number,
      status: "success" | "error" | "timeout" | "cancelled",
      more: Partial<HistoryEntry> = {},
    ): HistoryEntry => ({
      ...open,
      revision,
      status,
      completedAt: Date.now(),
      retries: 0,
      ...more,
    }),
  };
}

test("entries that come twice, late or in the wrong order count once", async () => {
  await counting(async ({ history, metrics }) => {
    const heard: string[] = [];
    history.onRecorded(({ status }, { isFirst }) => heard.push(`${status} ${isFirst}`));
    const task = entriesOf("echo");
    await history.record(task.running(2));
    await history.record(task.queued(1));
    await history.record(task.running(2));
    expect((await metrics.read([])).tasks.byStatus).toMatchObject({ queued: 0, running: 1 });
    const ended = task.ended(5, "success", { durationMs: 40, retries: 1 });
    await Promise.all([history.record(ended), history.record(ended)]);
    await history.record(task.queued(3));
    await history.record(task.running(4, 1));

    const { tasks, retriedThenSuccess, retriedThenFailure, droplets } = await metrics.read([]);
    const once = { queued: 0, running: 0, success: 1, error: 0, timeout: 0, cancelled: 0 };
    expect(tasks).toMatchObject({ byStatus: once, retries: 1, durationMsSum: 40 });
    expect([...tasks.durations.values()]).toEqual([1]);
    expect(droplets.get("echo")).toMatchObject({ byStatus: once, retries: 1, durationMsSum: 40 });
    expect({ retriedThenSuccess, retriedThenFailure }).toEqual({
      retriedThenSuccess: 1,
      retriedThenFailure: 0,
    });
    expect(await history.totals()).toEqual(once);
    expect(heard).toEqual(["running true", "success false"]);
  });
});

test("retries count when they are made, not when the task ends", async () => {
  await counting(async ({ history, metrics }) => {
    const task = entriesOf("echo");
    await history.record(task.running(2));
    await history.record(task.queued(3));
    await history.record(task.running(4, 1));
    expect((await metrics.read([])).tasks.retries).toBe(1);
    await history.record(task.queued(5));
    await history.record(task.running(6, 2));
    await history.record(task.ended(7, "timeout", { retries: 2 }));
    const { tasks, retriedThenFailure } = await metrics.read([]);
    expect({ retries: tasks.retries, retriedThenFailure }).toEqual({
      retries: 2,
      retriedThenFailure: 1,
    });
  });
});

test("a task that ended without an attempt has no duration, one of 0 ms has", async () => {
  await counting(async ({ history, metrics }) => {
    await history.record(entriesOf("echo").ended(2, "cancelled"));
    await history.record(entriesOf("echo").ended(2, "success", { durationMs: 0 }));
    const { durations } = (await metrics.read([])).tasks;
    expect(durations).toEqual(new Map([[0, 1]]));
  });
});

test("droplets of strange names are told apart", async () => {
  await counting(async ({ redis, keys, history, metrics }) => {
    const names = ["a", "a:success", "a:success:success", 'ü {x} \\ "q" \'', "__proto__"];
    for (const name of names) await history.record(entriesOf(name).ended(2, "success"));
    await history.record(entriesOf("a:success").ended(2, "error"));
    await redis.del(keys.busyDroplets);
    await history.record(entriesOf("waiting:error").queued(1));
    const { droplets } = await metrics.read(["never-called"]);
    const successes = names.map((name) => droplets.get(name)?.byStatus.success);
    expect(successes).toEqual(names.map(() => 1));
    expect(droplets.get("a:success")?.byStatus.error).toBe(1);
    expect(droplets.get("waiting:error")?.byStatus.queued).toBe(1);
    expect([...droplets.keys()].toSorted()).toEqual(
      [...names, "waiting:error", "never-called"].toSorted(),
    );
  });
});

test("the numbers of all droplets are not in lists that Redis reads through", async () => {
  await counting(async ({ redis, keys, history, metrics }) => {
    await history.record(entriesOf("one").ended(2, "success", { durationMs: 5 }));
    await metrics.read([]);
    for (const [name, fields] of [
      ["per-droplet", ["one:duration_ms", "one:success"]],
      ["slots", ["", "one"]],
    ] as const) {
      expect(await redis.object("ENCODING", `${keys.all}${name}`)).toBe("hashtable");
      expect((await redis.hkeys(`${keys.all}${name}`)).toSorted()).toEqual(fields);
    }
  });
});

test("what was noted and not read is added up when it is much, however many droplets it is about", async () => {
  await counting(async ({ redis, keys, history, metrics }) => {
    const names = Array.from({ length: 4500 }, (_, n) => `d${n}`);
    const lines = names.map(
      (name, n) => `success ${n % 2 === 0 ? "" : "3"} 5 ${bucketOf(5)} ${name}\n`,
    );
    const tally = `${keys.all}tally`;
    await redis.set(tally, `${lines.join("")}error    a name with 1 2 3 words\n`);
    await history.record(entriesOf("d7").ended(2, "timeout", { durationMs: 80 }));
    expect(await redis.exists(tally)).toBe(0);
    const { droplets, tasks } = await metrics.read([]);
    expect(droplets.size).toBe(4501);
    expect(droplets.get("d6")).toMatchObject({ retries: 0, durationMsSum: 5 });
    expect(droplets.get("d7")).toMatchObject({
      byStatus: { success: 1, timeout: 1 },
      retries: 3,
      durationMsSum: 85,
    });
    expect(droplets.get("a name with 1 2 3 words")).toMatchObject({ byStatus: { error: 1 } });
    expect(tasks.durations).toEqual(
      new Map([
        [bucketOf(5), 4500],
        [bucketOf(80), 1],
      ]),
    );
    const each = new Map([[bucketOf(5), 1]]);
    expect(
      names.filter((name) => name !== "d7").map((name) => droplets.get(name)?.durations),
    ).toEqual(Array.from({ length: 4499 }, () => each));
  });
});

test("a droplet that left the list is forgotten with its last task, the totals keep it", async () => {
  await counting(async ({ redis, keys, history, metrics }) => {
    for (const name of ["gone", "listed"]) {
      await history.record(entriesOf(name).ended(2, "success", { durationMs: 5 }));
    }
    metrics.answered.note("Gone", { isAnswered: true, at: Date.now() });
    await metrics.answered.flush();
    const forget = async () => await forgetGoneDroplets(redis, keys, (name) => name === "listed");
    await redis.del(keys.busyDroplets);
    expect(await forget()).toBe(0);
    await redis.sadd(keys.busyDroplets, "gone");
    await history.trim({ ...trimLimits(0, Date.now()), spareAfter: Date.now() + 1000 });
    // Its queue may still hold something, as far as anybody knows.
    expect(await forget()).toBe(0);
    await redis.del(keys.busyDroplets);
    expect(await forget()).toBe(1);
    expect(await forget()).toBe(0);
    const { tasks, droplets } = await metrics.read([]);
    expect([...droplets.keys()]).toEqual(["listed"]);
    expect(droplets.get("listed")?.durationMsSum).toBe(5);
    expect(droplets.get("listed")?.durations).toEqual(new Map([[bucketOf(5), 1]]));
    expect(tasks).toMatchObject({ byStatus: { success: 2 }, durationMsSum: 10 });
    expect(await metrics.answered.read()).toEqual(new Map());

    // The place where its durations were counted is another's.
    await history.record(entriesOf("new").ended(2, "success", { durationMs: 80 }));
    const { droplets: later, tasks: all } = await metrics.read([]);
    expect(later.get("new")?.durations).toEqual(new Map([[bucketOf(80), 1]]));
    expect(later.get("listed")?.durations).toEqual(new Map([[bucketOf(5), 1]]));
    expect(all.durations).toEqual(
      new Map([
        [bucketOf(5), 2],
        [bucketOf(80), 1],
      ]),
    );
    expect(await redis.strlen(`${keys.all}took`)).toBeLessThan(4 * 3 * DURATION_BUCKETS);
  });
});
