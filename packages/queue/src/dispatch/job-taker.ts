import { setImmediate } from "node:timers/promises";
import type { JobJson, RedisQueueBackend } from "bullmq";
import type { Redis } from "../redis/redis.ts";
import type { NextJob } from "./end-with-job.ts";
import { NOT_PLAIN, takeJob, type TakenJob } from "./job-moves.ts";
import { readTakenJob } from "./taken-job.ts";

/** What BullMQ's worker gets from its backend; without a job it tells when to look again (ms, 0 = when woken). */
export type GivenJob = [
  job: JobJson | null,
  id: string,
  rateLimitMs: number,
  nextDelayedAt: number,
];

/**
 * Takes the jobs of one queue. It remembers that the last one it gave was the only one: a consumer learns it when it asks
 * again, and goes back to waiting. BullMQ's would look in vain twice more: once because it may take more jobs, once
 * because of the marker that the job has set.
 */
export class JobTaker {
  readonly #redis: Redis;
  readonly #lockMs: number;
  /** What all keys of the queue begin with. */
  queue = "";
  /** Known with the last job that nothing is left, until somebody wakes us. */
  #nothingLeft: GivenJob | null = null;

  constructor(redis: Redis, lockMs: number) {
    this.#redis = redis;
    this.#lockMs = lockMs;
  }

  /** Has a backend take its jobs here, but for those that only BullMQ's script knows how to take. */
  serve(backend: RedisQueueBackend): RedisQueueBackend {
    this.queue = String(backend.keys[""]);
    // In a Cluster these scripts are of no use: what they tie together is in different slots.
    if (this.#redis.isCluster) return backend;
    const waitForJob = backend.waitForJob.bind(backend);
    const moveToActive = backend.moveToActive.bind(backend);
    backend.waitForJob = async (timeoutS) => {
      // The job that was just taken goes first: this is not in a hurry.
      await setImmediate();
      const woken = await waitForJob(timeoutS);
      this.#nothingLeft = null;
      return woken;
    };
    backend.moveToActive = async (token, workerName) =>
      (await this.#take(token)) ?? (await moveToActive(token, workerName));
    return backend;
  }

  /** A job as BullMQ's worker expects it. @param askedAt since when its lock may count (ms) */
  given(
    job: TakenJob | null,
    { isEmpty, nextDueAt }: Omit<NextJob, "job" | "isPlain">,
    askedAt: number,
  ): GivenJob {
    const none: GivenJob = [null, "", 0, nextDueAt];
    if (job === null) return none;
    if (isEmpty) this.#nothingLeft = none;
    return [...readTakenJob(job, askedAt), 0, 0];
  }

  async #take(token: string): Promise<GivenJob | null> {
    if (this.#nothingLeft !== null) {
      const answer = this.#nothingLeft;
      this.#nothingLeft = null;
      return answer;
    }
    const askedAt = Date.now();
    const taken = await takeJob(this.#redis, [this.queue], [token, this.#lockMs, askedAt]);
    if (taken === NOT_PLAIN) return null;
    const [job, isEmpty, nextDue] = taken;
    const next = { isEmpty: isEmpty === "1", nextDueAt: Number(nextDue) };
    return this.given(job || null, next, askedAt);
  }
}
