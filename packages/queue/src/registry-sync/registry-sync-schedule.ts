import { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { REGISTRY_SYNC_QUEUE, type Keys } from "../redis/keys.ts";

const SCHEDULER_ID = "registry-sync";

/** One sync at a time over all processes; a worker killed in mid-sync is replaced within this. */
const LOCK_MS = 15_000;

export interface RegistrySyncOptions {
  redis: Redis;
  keys: Keys;
  intervalMs: number;
  /** Whether the list is too old to wait for the scheduler's next slot. */
  isDue: () => Promise<boolean>;
  sync: () => Promise<void>;
  onError: (error: Error) => void;
}

/**
 * Runs `sync` every interval in one of all the worker processes: a BullMQ job scheduler, plus one deduplicated
 * sync at start, because a scheduler that exists already fires only at its next slot.
 */
export class RegistrySyncSchedule {
  readonly #options: RegistrySyncOptions;
  readonly #queue: Queue;
  readonly #worker: Worker;

  /** @param options.redis must be ready */
  constructor(options: RegistrySyncOptions) {
    const { redis, keys, onError } = options;
    this.#options = options;
    const bullmq = { connection: redis, prefix: keys.prefix };
    this.#queue = new Queue(REGISTRY_SYNC_QUEUE, {
      ...bullmq,
      streams: { events: { maxLen: 100 } },
    });
    this.#worker = new Worker(REGISTRY_SYNC_QUEUE, async () => await options.sync(), {
      ...bullmq,
      concurrency: 1,
      lockDuration: LOCK_MS,
      stalledInterval: LOCK_MS,
      drainDelay: 30,
    });
    this.#queue.on("error", onError);
    this.#worker.on("error", onError);
  }

  async start(): Promise<void> {
    const kept = { removeOnComplete: { count: 10 }, removeOnFail: { count: 10 } };
    await this.#queue.setGlobalConcurrency(1);
    await this.#queue.upsertJobScheduler(
      SCHEDULER_ID,
      { every: this.#options.intervalMs },
      { name: "scheduled", opts: kept },
    );
    if (await this.#options.isDue()) {
      await this.#queue.add("at-start", {}, { ...kept, deduplication: { id: "at-start" } });
    }
  }

  async close(): Promise<void> {
    await this.#worker.close();
    await this.#queue.close();
  }
}
