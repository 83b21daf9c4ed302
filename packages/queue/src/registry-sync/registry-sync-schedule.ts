import { Queue, Worker } from "bullmq";
import { insist } from "../redis/insist.ts";
import type { Redis } from "../redis/redis.ts";
import { REGISTRY_SYNC_QUEUE, type Keys } from "../redis/keys.ts";

const SCHEDULER_ID = "registry-sync";

/** One sync at a time over all processes: one killed in mid-sync is replaced within LOCK_MS + 2 × STALLED_CHECK_MS. */
const LOCK_MS = 6000;
const STALLED_CHECK_MS = 4000;

/** Without any list the Registry is asked again this soon: it may just be starting, as we are. */
const URGENT_RETRY_MS = 2000;

/** Ended rounds stay for Bull Board alone. */
const KEPT = { removeOnComplete: { count: 10 }, removeOnFail: { count: 10 } };

export interface RegistrySyncOptions {
  redis: Redis;
  keys: Keys;
  intervalMs: number;
  /** Whether the list is too old to wait for the scheduler's next slot. */
  isDue: () => Promise<boolean>;
  sync: () => Promise<void>;
  /** Whether nobody has a list yet: then the next sync does not wait for its slot. */
  isUrgent: () => Promise<boolean>;
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
    this.#worker = new Worker(REGISTRY_SYNC_QUEUE, async () => await this.#round(), {
      ...bullmq,
      concurrency: 1,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      drainDelay: 30,
    });
    this.#queue.on("error", onError);
    this.#worker.on("error", onError);
  }

  /** Waits, as everything in a worker does, while Redis takes no writes. */
  async start(): Promise<void> {
    await insist(async () => await this.#start());
  }

  async #start(): Promise<void> {
    await this.#queue.setGlobalConcurrency(1);
    await this.#queue.upsertJobScheduler(
      SCHEDULER_ID,
      { every: this.#options.intervalMs },
      { name: "scheduled", opts: KEPT },
    );
    if (await this.#options.isDue()) {
      await this.#queue.add("at-start", {}, { ...KEPT, deduplication: { id: "at-start" } });
    }
  }

  async #round(): Promise<void> {
    await this.#options.sync();
    if (!(await this.#options.isUrgent())) return;
    const deduplication = { id: "until-first-list", ttl: URGENT_RETRY_MS / 2 };
    await this.#queue.add(
      "until-first-list",
      {},
      { ...KEPT, delay: URGENT_RETRY_MS, deduplication },
    );
  }

  async close(): Promise<void> {
    await this.#worker.close();
    await this.#queue.close();
  }
}
