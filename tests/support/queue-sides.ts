import { randomUUID } from "node:crypto";
import { anAttempt, aTask } from "@orchestrator/core/testing";
import {
  Consumers,
  JobCalls,
  openStore,
  PATIENT,
  type JobData,
  type Store,
  type TaskLedger,
  type Verdict,
} from "@orchestrator/queue";
import { Queue, Worker, type JobsOptions } from "bullmq";
import { inject, onTestFinished } from "vitest";
import { removeKeys } from "./redis-commands.ts";

export const QUEUE = "{d-moved}";
const PRIORITIES = { high: 1, normal: 2, low: 3 } as const;

/** What BullMQ was given of such a task, as `dispatch-queues.ts` says it. */
const OPTIONS: JobsOptions = {
  attempts: 4,
  backoff: { type: "exponential", delay: 1000 },
  delay: 0,
  removeOnComplete: { count: 100 },
  removeOnFail: { count: 1000 },
  stackTraceLimit: 1,
};

/** What BullMQ is given to add the job of such a task. */
export function fillingOptions({ task }: JobData): JobsOptions {
  return { ...OPTIONS, jobId: task.id, priority: PRIORITIES[task.priority] };
}

export function jobOf(priority: keyof typeof PRIORITIES): JobData {
  const task = aTask({
    id: randomUUID(),
    dropletName: "Moved",
    priority,
    meta: { requested_by: "a test of 'quotes' and \"more\"" },
    createdAt: Date.now(),
  });
  return { v: 1, task, payload: { text: "line\nbreak, 😀" }, headers: {}, replyChannel: null };
}

/** One of the two: adds jobs, takes them two at a time, and completes them when it is told to. */
export interface Side {
  prefix: string;
  add: (jobs: readonly JobData[]) => Promise<void>;
  consume: () => Promise<unknown>;
  completeAll: () => void;
}

/** Ours may have several consumers, as so many processes would. */
export interface OurSide extends Side {
  ledger: TaskLedger;
  switchboard: Store["switchboard"];
  consume: (settings?: ConsumeSettings) => Promise<Consumers>;
}

export interface ConsumeSettings {
  concurrency?: number;
  /** Before it hears of what it has taken. */
  onLooked?: () => void;
  onTaken?: (data: JobData) => void;
}

export async function openOurs(): Promise<OurSide> {
  const prefix = `test-${randomUUID().slice(0, 8)}`;
  const redisUrl = inject("redisUrl");
  const store = await openStore({
    redisUrl,
    keyPrefix: prefix,
    name: prefix,
    manners: PATIENT,
    bodyLimits: { keepMs: 10_000, bytesMax: 1_000_000 },
    registryUrl: "http://127.0.0.1:1",
    registryCacheExpiryMs: 1000,
    registryCacheDir: "/nowhere",
    onError: () => {},
  });
  const gate = Promise.withResolvers<void>();
  const opened: Consumers[] = [];
  onTestFinished(async () => {
    gate.resolve();
    await Promise.all(opened.map(async (consumers) => await consumers.close()));
    await store[Symbol.asyncDispose]();
    await removeKeys(redisUrl, prefix);
  });
  return {
    prefix,
    ledger: store.ledger,
    switchboard: store.switchboard,
    add: async (jobs) => {
      await Promise.all(jobs.map(async (job) => await store.ledger.submit(job, "soon")));
    },
    consume: async ({ concurrency = 2, onLooked = () => {}, onTaken = () => {} } = {}) => {
      const consumers = new Consumers({
        redis: store.redis,
        bullMqRedis: store.bullMqRedis,
        keys: store.keys,
        calls: await JobCalls.open(store),
        take: async (look) => {
          const taken = await store.turns.take(look);
          onLooked();
          return taken;
        },
        concurrency,
        perform: async (data) => {
          onTaken(data);
          await gate.promise;
          return await endedWithJob(data, store);
        },
        onGivenUp: async () => {},
        onRebuilt: () => {},
        onError: () => {},
      });
      opened.push(consumers);
      consumers.follow(["moved"]);
      return consumers;
    },
    completeAll: gate.resolve,
  };
}

async function endedWithJob({ task }: JobData, { ledger }: Store): Promise<Verdict> {
  const nowMs = Date.now();
  await ledger.begin(task, "a-worker", { isFirst: true, wasStalled: false, onUnwanted: () => {} });
  const attempt = anAttempt({ responseStatus: 200, retryInMs: null, decision: "200 is success" });
  const what = { task, nowMs, attempt, response: null, targetUrl: null, replyChannel: null };
  const end = { status: "success", error: null } as const;
  const ending = ledger.endWithJob({ ...what, end, input: null }, attempt);
  if (ending === null) throw new Error("it would not end with its job");
  return { kind: "succeeded", end: ending };
}

export async function openBullMq(): Promise<Side> {
  const prefix = `test-${randomUUID().slice(0, 8)}`;
  const url = inject("redisUrl");
  const settings = { connection: { url, maxRetriesPerRequest: null }, prefix };
  const queue = new Queue<JobData>(QUEUE, { ...settings, streams: { events: { maxLen: 100 } } });
  const gate = Promise.withResolvers<void>();
  let worker: Worker<JobData> | null = null;
  onTestFinished(async () => {
    gate.resolve();
    await worker?.close();
    await queue.close();
    await removeKeys(url, prefix);
  });
  await queue.waitUntilReady();
  return {
    prefix,
    add: async (jobs) => {
      await queue.addBulk(
        jobs.map((data) => {
          const opts = { ...fillingOptions(data), timestamp: data.task.createdAt };
          return { name: "task", data, opts };
        }),
      );
    },
    consume: async () => {
      worker = new Worker<JobData>(QUEUE, async () => await gate.promise, {
        ...settings,
        concurrency: 2,
        lockDuration: 6000,
      });
      worker.on("error", () => {});
      await worker.waitUntilReady();
    },
    completeAll: gate.resolve,
  };
}
