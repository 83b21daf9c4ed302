import { Queue, Worker, type JobsOptions } from "bullmq";
import type { JobData } from "@orchestrator/queue";
import { expect, inject, test } from "vitest";
import {
  fillingOptions,
  jobOf,
  openBullMq,
  openOurs,
  QUEUE,
  type Side,
} from "../support/queue-sides.ts";
import { onRedis } from "../support/redis-commands.ts";
import { waitFor } from "../support/wait-for.ts";

/**
 * Our scripts move many jobs at once over BullMQ's keys. What they leave behind must be what BullMQ's own scripts leave
 * behind, in the version that is installed: this is where an update of BullMQ shows that it keeps its jobs in another way.
 */

/**
 * Not read by us, or counts that need not agree: the count of all ids ever given, the one that orders jobs of a priority
 * (ours starts anew less often), the events.
 */
const NOT_COMPARED = /:(?:events|id|pc|stalled|stalled-check|marker)$/;

/** All keys of the queue, with what is in them. */
async function stateOf({ prefix }: Side): Promise<Record<string, unknown>> {
  return await onRedis(inject("redisUrl"), async (redis) => {
    const start = `${prefix}:${QUEUE}:`;
    const keys = (await redis.keys(`${prefix}:*`)).filter((key) => key.startsWith(start));
    const compared = keys.filter((key) => !NOT_COMPARED.test(key)).toSorted();
    const read = async (key: string): Promise<[string, unknown]> => {
      const name = key.slice(start.length);
      switch (await redis.type(key)) {
        case "hash":
          return [name, describeHash(await redis.hgetall(key))];
        case "zset":
          return name === "completed"
            ? [name, (await redis.zrange(key, "0", "-1")).toSorted()]
            : [name, await redis.zrange(key, "0", "-1", "WITHSCORES")];
        case "list":
          return [name, await redis.lrange(key, 0, -1)];
        default:
          return [name, name.endsWith(":lock") ? "held" : await redis.get(key)];
      }
    };
    return Object.fromEntries(await Promise.all(compared.map(read)));
  });
}

function describeHash(hash: Record<string, string>): Record<string, unknown> {
  const described: Record<string, unknown> = { ...hash };
  for (const name of ["processedOn", "finishedOn"]) if (name in hash) described[name] = "a time";
  if (hash["data"] !== undefined) described["data"] = JSON.parse(hash["data"]) as unknown;
  if (hash["opts"] !== undefined) {
    const { jobId: _id, timestamp: _at, ...opts } = JSON.parse(hash["opts"]) as JobsOptions;
    described["opts"] = opts;
  }
  return described;
}

/** Both sides come to be the same, and say what. */
async function untilSame(
  sides: readonly [ours: Side, bullMq: Side],
  isReached: (state: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  await waitFor("both to have got there", async () => {
    const states = await Promise.all(sides.map(stateOf));
    return states.every(isReached);
  });
  const [ours = {}, bullMqs = {}] = await Promise.all(sides.map(stateOf));
  expect(ours).toEqual(bullMqs);
  return ours;
}

function counts(state: Record<string, unknown>): Record<string, number> {
  return {
    completed: lengthOf(state["completed"]),
    jobs: Object.keys(state).filter((name) => name.length === 36).length,
  };
}

const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

test("jobs that we add, take and complete are where, and as, BullMQ's scripts would have left them", async () => {
  const sides = [await openOurs(), await openBullMq()] as const;
  const jobs = (["normal", "high", "low", "normal"] as const).map(jobOf);
  for (const side of sides) {
    await side.add(jobs);
    // Adding what is there already changes nothing.
    await side.add(jobs.slice(0, 1));
  }
  const added = await untilSame(sides, ({ prioritized }) => lengthOf(prioritized) === 8);
  const [first, second] = [jobs[1]?.task.id ?? "", jobs[0]?.task.id ?? ""];
  expect(added["prioritized"]).toEqual(expect.arrayContaining([first, second]));

  for (const side of sides) await side.consume();
  const taken = await untilSame(sides, ({ active }) => lengthOf(active) === 2);
  expect(taken).toMatchObject({ [`${first}:lock`]: "held", [`${second}:lock`]: "held" });

  for (const side of sides) side.completeAll();
  const completed = await untilSame(sides, (state) => lengthOf(state["completed"]) === 4);
  expect(Object.keys(completed)).not.toContain("active");
  expect(completed[first]).toMatchObject({ ats: "1", atm: "1", returnvalue: "null" });
});

test(
  "of the completed jobs about as many are kept as BullMQ would keep",
  { timeout: 60_000 },
  async () => {
    const ours = await openOurs();
    await ours.add(Array.from({ length: 500 }, () => jobOf("normal")));
    await ours.consume({ concurrency: 20 });
    ours.completeAll();
    await waitFor("all to be completed", async () => {
      const state = await stateOf(ours);
      return !("active" in state) && !("prioritized" in state);
    });
    const { completed, jobs } = counts(await stateOf(ours));
    expect(completed).toBe(jobs);
    expect(completed).toBeGreaterThanOrEqual(100);
    expect(completed).toBeLessThan(250);
  },
);

test("jobs and tasks of a droplet are not in lists that Redis reads through", async () => {
  const { prefix, ...ours } = await openOurs();
  const { task, ...job } = jobOf("normal");
  // One of those that see to it.
  await ours.add([{ ...job, task: { ...task, id: `0${task.id.slice(1)}` } }]);
  await ours.consume();
  ours.completeAll();
  const [completed, index] = [`${prefix}:${QUEUE}:completed`, `${prefix}:{all}:ix:d:moved`];
  await onRedis(inject("redisUrl"), async (redis) => {
    await waitFor("it to be completed", async () => (await redis.zcard(completed)) === 1);
    const encodings = [completed, index].map(async (key) => await redis.object("ENCODING", key));
    expect(await Promise.all(encodings)).toEqual(["skiplist", "skiplist"]);
    expect([await redis.zcard(completed), await redis.zcard(index)]).toEqual([1, 1]);
  });
});

test("a queue is known to be restricted for as long as anything restricts it, and again if that was lost", async () => {
  const { prefix, switchboard } = await openOurs();
  const known = async (): Promise<string[]> =>
    await onRedis(
      inject("redisUrl"),
      async (redis) => await redis.smembers(`${prefix}:{all}:restricted`),
    );
  const set = async (isPausedByOperator: boolean, concurrency: number | null): Promise<void> =>
    void (await switchboard.change("Moved", (before) => ({
      ...before,
      isPausedByOperator,
      limits: { concurrency, rate: null },
    })));
  const queue = `${prefix}:${QUEUE}:`;
  await set(true, 3);
  expect(await known()).toEqual([queue]);
  await set(false, 3);
  expect(await known()).toEqual([queue]);
  await onRedis(inject("redisUrl"), async (redis) => {
    await redis.del(`${prefix}:{all}:restricted`);
  });
  // As a worker does before it consumes.
  await switchboard.ensure(["moved"]);
  expect(await known()).toEqual([queue]);
  await set(false, null);
  expect(await known()).toEqual([]);
});

test("a task whose job was taken away by hand is not waited for, and the others are listed", async () => {
  const { ledger, prefix, ...ours } = await openOurs();
  const jobs = [jobOf("normal"), jobOf("normal")] as const;
  const [gone, kept] = [jobs[0].task.id, jobs[1].task.id];
  await ours.add(jobs);
  const unlisted = await onRedis(inject("redisUrl"), async (redis) => {
    await redis.del(`${prefix}:${QUEUE}:${gone}`);
    await ledger.history.unlisted.listAll();
    return await redis.hkeys(`${prefix}:{all}:unlisted`);
  });
  expect(unlisted).toEqual([]);
  expect(await ledger.records.read(gone)).toBeNull();
  expect(await ledger.records.read(kept)).toMatchObject({ task: jobs[1].task, status: "queued" });
});

test("a job is handed from BullMQ's scripts to ours, and from ours to BullMQ's", async () => {
  const ours = await openOurs();
  const jobs = [jobOf("normal"), jobOf("high")];
  const url = inject("redisUrl");
  await ours.add(jobs);
  // BullMQ's worker on the queue that we have filled.
  const worker = new Worker<JobData>(QUEUE, async () => {}, {
    connection: { url, maxRetriesPerRequest: null },
    prefix: ours.prefix,
  });
  worker.on("error", () => {});
  await waitFor("BullMQ to complete ours", async () => {
    return lengthOf((await stateOf(ours))["completed"]) === 2;
  });
  await worker.close();
  // Our consumer on a queue that BullMQ has filled.
  const queue = new Queue<JobData>(QUEUE, { connection: { url }, prefix: ours.prefix });
  const later = jobOf("low");
  await queue.add("task", later, fillingOptions(later));
  await queue.close();
  await ours.consume();
  ours.completeAll();
  await waitFor("us to complete BullMQ's", async () => {
    return lengthOf((await stateOf(ours))["completed"]) === 3;
  });
});
