import { createRedisBackend, Worker, type Job, type JobJson, type WorkerOptions } from "bullmq";
import type { Redis } from "../redis/redis.ts";
import type { EndWithJob, MovedOn, NextJob } from "./end-with-job.ts";
import type { JobData } from "./job-data.ts";
import { JobTaker } from "./job-taker.ts";
import { applyVerdict, type Verdict } from "./verdict.ts";

export interface LeanWorkerOptions {
  queueName: string;
  redis: Redis;
  settings: Omit<WorkerOptions, "connection"> & { lockDuration: number };
  perform: (job: Job<JobData>) => Promise<Verdict>;
}

type Performed = () => Promise<void>;
type Given = Job<JobData, void>;

/**
 * BullMQ's worker, with a shorter way for what nearly every job does: it is taken by `takeJob`, and one whose task ends
 * with it is completed, and followed by the next, by `endAndGoOn`. Whatever else becomes of a job goes BullMQ's own way.
 * Fetching, concurrency, locks, stalled jobs and closing are BullMQ's throughout.
 */
export class LeanWorker extends Worker<JobData, void> {
  readonly #perform: LeanWorkerOptions["perform"];
  readonly #taker: JobTaker;
  readonly #lockMs: number;
  /** What became of the jobs that BullMQ's own way goes on with. */
  readonly #performed: WeakMap<object, Performed>;

  constructor({ queueName, redis, settings, perform }: LeanWorkerOptions) {
    const taker = new JobTaker(redis, settings.lockDuration);
    const performed = new WeakMap<object, Performed>();
    super(
      queueName,
      async (job: Given) => await performed.get(job)?.(),
      { ...settings, connection: redis },
      (name, opts, needs) => taker.serve(createRedisBackend(name, opts, needs)),
    );
    this.#perform = perform;
    this.#taker = taker;
    this.#lockMs = settings.lockDuration;
    this.#performed = performed;
  }

  /** Never rejects: that would end the loop that it is called from. */
  override async processJob(
    job: Given,
    token: string,
    hasRoom?: () => boolean,
  ): Promise<void | Given> {
    // BullMQ has given it up, and says so by itself.
    if (job.deferredFailure) return await super.processJob(job, token, hasRoom);
    this.lockManager.trackJob(String(job.id), token, job.processedOn ?? Date.now());
    let end: EndWithJob | undefined;
    try {
      const verdict = await this.#perform(job);
      if (verdict.kind === "succeeded") ({ end } = verdict);
      this.#performed.set(job, async () => await applyVerdict(verdict, job));
    } catch (error) {
      this.#performed.set(job, async () => await Promise.reject(error));
    }
    if (end === undefined) return await super.processJob(job, token, hasRoom);
    const wantsNext = (hasRoom?.() ?? true) && !this.closing && !this.paused;
    const nowMs = Date.now();
    try {
      const moved = await this.#complete(job, token, { end, wantsNext, nowMs });
      if (moved.kind === "unmoved") return await super.processJob(job, token, hasRoom);
      return wantsNext ? await this.#goOn(moved, token, nowMs) : undefined;
    } catch (error) {
      // Found stalled when its lock has run out, and completed by whoever gets it then.
      this.emit("error", error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }

  /** As BullMQ's, without what only its job schedulers need. */
  protected override async nextJobFromJobData(
    jobData?: JobJson | null,
    jobId = "",
    token?: string,
  ): Promise<Given> {
    // What it is not given comes as null.
    if (!jobData) return await super.nextJobFromJobData(undefined, jobId, token);
    this["drained"] = false;
    const job = this.createJob(jobData, jobId);
    if (token !== undefined) job.token = token;
    return job;
  }

  async #complete(
    { id }: Given,
    token: string,
    { end, ...what }: { end: EndWithJob; wantsNext: boolean; nowMs: number },
  ): Promise<Exclude<MovedOn, { kind: "refused" }>> {
    const { queue } = this.#taker;
    const moved = await end({ queue, token, lockMs: this.#lockMs, ...what });
    this.lockManager.untrackJob(String(id));
    if (moved.kind !== "refused") return moved;
    // Somebody else holds it by now: as BullMQ says it.
    const how = { command: "moveToFinished", state: "active", jobId: String(id) };
    throw this.backend.finishedErrors({ ...how, code: moved.code });
  }

  async #goOn(next: NextJob, token: string, askedAt: number): Promise<Given | undefined> {
    if (!next.isPlain) return await this.moveToActive(token);
    const [job, id, , nextDueAt] = this.#taker.given(next.job, next, askedAt);
    this["updateDelays"](0, nextDueAt);
    return await this.nextJobFromJobData(job, id, token);
  }
}
