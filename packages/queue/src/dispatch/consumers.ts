import type { Job } from "bullmq";
import type { Redis } from "../redis/redis.ts";
import { queueNameOf, type Keys } from "../redis/keys.ts";
import { isRunnable, type JobData, type JobHistory } from "./job-data.ts";
import type { JobCalls } from "./job-calls.ts";
import { LeanWorker, type LeanWorkerOptions } from "./lean-worker.ts";
import { overdueQueues } from "./overdue-queues.ts";
import type { Verdict } from "./verdict.ts";
import { isWedged } from "./wedge-watchdog.ts";

/**
 * A killed worker's lock ends within LOCK_MS, and the next stalled check after that gives its tasks to another:
 * LOCK_MS + 2 × STALLED_CHECK_MS is below the 15 s we promise.
 */
const LOCK_MS = 6000;
const STALLED_CHECK_MS = 4000;

/** A lock is renewed when it is this old at the latest: so it outlives a stall of the process, or of Redis, of over 4 s. */
const LOCK_RENEW_MS = 1500;

/** As many as the attempts we let a task lose; our own count decides first, BullMQ's is the backstop. */
const STALLED_COUNT_MAX = 3;

/** How long an idle consumer blocks before it asks again. */
const DRAIN_DELAY_S = 30;

/** What a newer version wrote is offered again after this, until a worker of that version takes it. */
const TOO_NEW_AGAIN_MS = 3000;

export interface ConsumersOptions {
  /** BullMQ's own connection; must be ready. */
  bullMqRedis: Redis;
  redis: Redis;
  keys: Keys;
  calls: JobCalls;
  take: LeanWorkerOptions["take"];
  /** Tasks of one droplet that this process runs at once. */
  concurrency: number;
  perform: (data: JobData, held: JobHistory) => Promise<Verdict>;
  /** BullMQ ended a job without calling us. */
  onGivenUp: (data: JobData, reason: string) => Promise<void>;
  /** A consumer had stopped fetching and was built anew. */
  onRebuilt: (queueName: string) => void;
  onError: (error: unknown) => void;
}

interface Consumer {
  queueName: string;
  worker: LeanWorker;
  running: number;
  lastTookAt: number;
}

/** The working side: one BullMQ worker per droplet, following the list as it changes. */
export class Consumers {
  readonly #options: ConsumersOptions;
  readonly #consumers = new Map<string, Consumer>();
  /** No longer wanted, but still finishing what they run. */
  readonly #closing = new Set<Promise<void>>();
  #isClosing = false;

  constructor(options: ConsumersOptions) {
    this.#options = options;
  }

  get droplets(): number {
    return this.#consumers.size;
  }

  /** Starts consumers for new names, closes those of names that are gone once they are idle. */
  follow(dropletNames: Iterable<string>): void {
    if (this.#isClosing) return;
    const wanted = new Set(Array.from(dropletNames, queueNameOf));
    for (const name of wanted) {
      if (!this.#consumers.has(name)) this.#start(name);
    }
    for (const consumer of this.#consumers.values()) {
      if (!wanted.has(consumer.queueName)) this.#stop(consumer);
    }
  }

  /** Looks for consumers that stopped fetching although their queue has work, and builds them anew. */
  async rebuildWedged(nowMs: number): Promise<void> {
    const { redis, keys, concurrency, onRebuilt } = this.#options;
    const looked = Array.from(this.#consumers.values(), async (consumer) => {
      const hasRoom = consumer.running < concurrency;
      if (!(await isWedged({ ...consumer, hasRoom }, redis, keys, nowMs))) return;
      if (this.#isClosing || this.#consumers.get(consumer.queueName) !== consumer) return;
      this.#stop(consumer);
      this.#start(consumer.queueName);
      onRebuilt(consumer.queueName);
    });
    await Promise.all(looked);
  }

  /** Has delayed jobs taken whose time was told to a worker that is gone. */
  async takeOverdue(nowMs: number): Promise<void> {
    const { redis, keys } = this.#options;
    const workers = new Map(
      Array.from(this.#consumers.values(), ({ queueName, worker }) => [
        `${keys.prefix}:${queueName}:`,
        worker,
      ]),
    );
    for (const queue of await overdueQueues(redis, [...workers.keys()], nowMs)) {
      workers.get(queue)?.look();
    }
  }

  /** Takes no more jobs; resolves when those that run have ended. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const consumer of this.#consumers.values()) this.#stop(consumer);
    await Promise.all(this.#closing);
  }

  #start(queueName: string): void {
    const { bullMqRedis, keys, calls, take, concurrency, onError } = this.#options;
    const perform = async (job: Job<JobData>): Promise<Verdict> =>
      await this.#perform(job, consumer);
    const settings = {
      prefix: keys.prefix,
      concurrency,
      lockDuration: LOCK_MS,
      lockRenewTime: LOCK_RENEW_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: STALLED_COUNT_MAX,
      drainDelay: DRAIN_DELAY_S,
      runRetryDelay: 1000,
    };
    const worker = new LeanWorker({
      queueName,
      redis: bullMqRedis,
      settings,
      take,
      calls,
      perform,
    });
    const consumer: Consumer = { queueName, worker, running: 0, lastTookAt: Date.now() };
    worker.on("error", onError);
    worker.on("failed", (job, error) => {
      if (job && error.message.includes("stalled more than allowable")) {
        this.#options.onGivenUp(job.data, error.message).catch(onError);
      }
    });
    this.#consumers.set(queueName, consumer);
  }

  #stop(consumer: Consumer): void {
    this.#consumers.delete(consumer.queueName);
    const closing = consumer.worker.close().catch(this.#options.onError);
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }

  async #perform(job: Job<JobData>, consumer: Consumer): Promise<Verdict> {
    consumer.lastTookAt = Date.now();
    consumer.running++;
    try {
      return await this.#performRunnable(job);
    } finally {
      consumer.running--;
    }
  }

  async #performRunnable({
    id,
    data,
    attemptsStarted,
    stalledCounter,
  }: Job<JobData>): Promise<Verdict> {
    if (isRunnable(data)) {
      const held = { isFirst: attemptsStarted === 1, wasStalled: stalledCounter > 0 };
      return await this.#options.perform(data, held);
    }
    const version = String(data.v);
    this.#options.onError(
      new Error(`job ${id} is of version ${version}: a newer worker must run it`),
    );
    return { kind: "leave", delayMs: TOO_NEW_AGAIN_MS };
  }
}
