import { setTimeout } from "node:timers/promises";
import { Queue, Worker } from "bullmq";
import { connectToOne, PATIENT, type JobData } from "@orchestrator/queue";
import { expect, inject, onTestFinished, test } from "vitest";
import {
  fillingOptions,
  jobOf,
  openOurs,
  QUEUE,
  type ConsumeSettings,
  type OurSide,
} from "../support/queue-sides.ts";
import { onRedis } from "../support/redis-commands.ts";
import { waitFor } from "../support/wait-for.ts";

/** Consumers are called when their queue has jobs. One that is not called looks by itself after 30 s. */
const NOTICED = { timeoutMs: 6000 };

/** Long enough for a consumer to have looked, and to wait. */
const SETTLED_MS = 300;

const jobs = (count: number): JobData[] => Array.from({ length: count }, () => jobOf("normal"));

/** A consumer, and the ids of the tasks that it has taken. */
async function consumer(ours: OurSide, settings: ConsumeSettings = {}) {
  const taken: string[] = [];
  const onTaken = ({ task }: JobData): void => void taken.push(task.id);
  const consumers = await ours.consume({ ...settings, onTaken });
  return { taken, consumers };
}

/** How many jobs are where they wait, or are held. */
async function unfinished({ prefix }: OurSide) {
  const queue = `${prefix}:${QUEUE}`;
  return await onRedis(inject("redisUrl"), async (redis) => {
    const [active, waiting, delayed] = await Promise.all([
      redis.llen(`${queue}:active`),
      redis.zcard(`${queue}:prioritized`),
      redis.zcard(`${queue}:delayed`),
    ]);
    return { active, waiting, delayed };
  });
}

/** BullMQ's own way: one marker for all of them. */
async function addByBullMq({ prefix }: OurSide, added: readonly JobData[]): Promise<void> {
  const queue = new Queue<JobData>(QUEUE, { connection: { url: inject("redisUrl") }, prefix });
  onTestFinished(async () => await queue.close());
  await queue.pause();
  await queue.addBulk(added.map((data) => ({ name: "task", data, opts: fillingOptions(data) })));
  await queue.resume();
}

async function cutSubscriber({ prefix }: OurSide): Promise<void> {
  await onRedis(inject("redisUrl"), async (redis) => {
    const id = await waitFor("a subscriber", async () => {
      const clients = String(await redis.call("CLIENT", "LIST", "TYPE", "pubsub")).split("\n");
      return /id=(\d+)/.exec(clients.find((line) => line.includes(prefix)) ?? "")?.[1];
    });
    await redis.call("CLIENT", "KILL", "ID", id);
  });
}

test("what is added together is shared by all who have room", async () => {
  const ours = await openOurs();
  const both = [await consumer(ours), await consumer(ours)];
  await setTimeout(SETTLED_MS);
  const added = jobs(4);
  await ours.add(added);
  await waitFor("both to be full", () => both.every(({ taken }) => taken.length === 2), NOTICED);
  expect(both.flatMap(({ taken }) => taken).toSorted()).toEqual(
    added.map(({ task }) => task.id).toSorted(),
  );
});

test("what BullMQ's own scripts have added is shared, too", async () => {
  const ours = await openOurs();
  const both = [await consumer(ours), await consumer(ours)];
  await setTimeout(SETTLED_MS);
  await addByBullMq(ours, jobs(4));
  await waitFor("both to be full", () => both.every(({ taken }) => taken.length === 2), NOTICED);
});

test("a full consumer passes on what calls it", async () => {
  const ours = await openOurs();
  const full = await consumer(ours, { concurrency: 1 });
  await ours.add(jobs(1));
  await waitFor("the first to be full", () => full.taken.length === 1, NOTICED);
  const idle = await consumer(ours, { concurrency: 1 });
  await setTimeout(SETTLED_MS);
  // The marker of this one may be seen by either.
  await addByBullMq(ours, jobs(1));
  await waitFor("the other to take it", () => idle.taken.length === 1, NOTICED);
});

test("where nobody listens, BullMQ's marker calls", async () => {
  const ours = await openOurs();
  const done: string[] = [];
  const worker = new Worker<JobData>(QUEUE, async ({ id }) => void done.push(String(id)), {
    connection: { url: inject("redisUrl"), maxRetriesPerRequest: null },
    prefix: ours.prefix,
    drainDelay: 60,
  });
  worker.on("error", () => {});
  onTestFinished(async () => await worker.close());
  await worker.waitUntilReady();
  await setTimeout(SETTLED_MS);
  await ours.add(jobs(1));
  await waitFor("BullMQ's worker to be called", () => done.length === 1, NOTICED);
});

test("calls that were missed while the connection was away are made up for", async () => {
  const ours = await openOurs();
  const { taken } = await consumer(ours, { concurrency: 50 });
  // Another worker that listens: there is no marker.
  const server = { url: inject("redisUrl"), name: "orchestrator-tests", onError: () => {} };
  const other = connectToOne(server, PATIENT);
  onTestFinished(() => other.disconnect());
  await other.subscribe(`${ours.prefix}:{all}:jobs-added`);
  await setTimeout(SETTLED_MS);
  for (let round = 1; round <= 5; round++) {
    await cutSubscriber(ours);
    await ours.add(jobs(2));
    await waitFor("both to be taken", () => taken.length === 2 * round, NOTICED);
  }
});

test("a delayed job whose time was told to a worker that is gone is taken all the same", async () => {
  const ours = await openOurs();
  const [job] = jobs(1);
  const queue = `${ours.prefix}:${QUEUE}`;
  const bullMqs = new Queue<JobData>(QUEUE, {
    connection: { url: inject("redisUrl") },
    prefix: ours.prefix,
  });
  onTestFinished(async () => await bullMqs.close());
  if (job) await bullMqs.add("task", job, { ...fillingOptions(job), delay: 60_000 });
  const id = job?.task.id ?? "";
  await onRedis(inject("redisUrl"), async (redis) => {
    await redis.multi().zrem(`${queue}:delayed`, id).del(`${queue}:marker`).exec();
  });
  const { taken, consumers } = await consumer(ours);
  await setTimeout(SETTLED_MS);
  await onRedis(inject("redisUrl"), async (redis) => {
    await redis.zadd(`${queue}:delayed`, (Date.now() - 500) * 0x1000, id);
  });
  await consumers.takeOverdue(Date.now());
  await setTimeout(SETTLED_MS);
  expect(taken).toEqual([]);
  await consumers.takeOverdue(Date.now() + 1000);
  await waitFor("it to be taken", () => taken.length === 1, NOTICED);
});

test("what was taken and not begun goes back when its consumer closes", async () => {
  const ours = await openOurs();
  ours.completeAll();
  await ours.add(jobs(10));
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const first = await consumer(ours, {
    concurrency: 10,
    onLooked: () => void first.consumers.close().then(resolve),
  });
  await closed;
  expect(await unfinished(ours)).toMatchObject({ active: 0 });
  expect(first.taken).toEqual([]);

  const second = await consumer(ours, { concurrency: 10 });
  await waitFor("the other to take them", () => second.taken.length === 10, NOTICED);
  await waitFor(
    "all of them to be completed",
    async () => {
      expect(await unfinished(ours)).toEqual({ active: 0, waiting: 0, delayed: 0 });
      return true;
    },
    NOTICED,
  );
});

test(
  "however a consumer is closed, it leaves nothing behind that it holds",
  { timeout: 60_000 },
  async () => {
    const ours = await openOurs();
    ours.completeAll();
    for (let round = 0; round < 30; round++) {
      const { consumers } = await consumer(ours, { concurrency: 10 });
      const added = ours.add(jobs(40));
      await setTimeout(Math.random() * 20);
      await consumers.close();
      await added;
      expect(await unfinished(ours)).toMatchObject({ active: 0 });
    }
  },
);
