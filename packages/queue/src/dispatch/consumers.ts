import { Worker, type Job } from "bullmq";
import type { Redis } from "ioredis";
import { queueNameOf, type Keys } from "../redis/keys.ts";
import type { JobData } from "./job-data.ts";
import { applyVerdict, type Verdict } from "./verdict.ts";

/**
 * A killed worker's lock ends within LOCK_MS, and the next stalled check after that gives its tasks to another:
 * LOCK_MS + 2 × STALLED_CHECK_MS is below the 15 s we promise.
 */
const LOCK_MS = 6000;
const STALLED_CHECK_MS = 4000;

/** As many as the attempts we let a task lose; our own count decides first, BullMQ's is the backstop. */
const STALLED_COUNT_MAX = 3;

/** How long an idle consumer blocks before it asks again. */
const DRAIN_DELAY_S = 30;

export interface ConsumersOptions {
  redis: Redis;
  keys: Keys;
  /** Tasks of one droplet that this process runs at once. */
  concurrency: number;
  perform: (data: JobData) => Promise<Verdict>;
  /** BullMQ ended a job without calling us. */
  onGivenUp: (data: JobData, reason: string) => Promise<void>;
  onError: (error: Error) => void;
}

/** The working side: one BullMQ worker per droplet, following the list as it changes. */
export class Consumers {
  readonly #options: ConsumersOptions;
  readonly #workers = new Map<string, Worker<JobData>>();
  #isClosing = false;

  /** @param options.redis must be ready */
  constructor(options: ConsumersOptions) {
    this.#options = options;
  }

  get droplets(): number {
    return this.#workers.size;
  }

  /** Starts consumers for new names, closes those of names that are gone once they are idle. */
  follow(dropletNames: Iterable<string>): void {
    if (this.#isClosing) return;
    const wanted = new Set(Array.from(dropletNames, queueNameOf));
    for (const name of wanted) {
      if (!this.#workers.has(name)) this.#workers.set(name, this.#start(name));
    }
    for (const [name, worker] of this.#workers) {
      if (wanted.has(name)) continue;
      this.#workers.delete(name);
      worker.close().catch(this.#options.onError);
    }
  }

  /** Takes no more jobs; resolves when those that run have ended. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(Array.from(this.#workers.values(), async (worker) => await worker.close()));
  }

  #start(queueName: string): Worker<JobData> {
    const { redis, keys, concurrency, onError } = this.#options;
    const worker = new Worker<JobData>(queueName, async (job) => await this.#process(job), {
      connection: redis,
      prefix: keys.prefix,
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: STALLED_COUNT_MAX,
      drainDelay: DRAIN_DELAY_S,
      runRetryDelay: 1000,
    });
    worker.on("error", onError);
    worker.on("failed", (job, error) => {
      if (job && error.message.includes("stalled more than allowable")) {
        this.#options.onGivenUp(job.data, error.message).catch(onError);
      }
    });
    return worker;
  }

  async #process(job: Job<JobData>): Promise<void> {
    const verdict = await this.#options.perform(job.data);
    await applyVerdict(verdict, job);
  }
}
