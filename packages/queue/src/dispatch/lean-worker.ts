import { createRedisBackend, Worker, type Job, type WorkerOptions } from "bullmq";
import type { Redis } from "../redis/redis.ts";
import type { EndWithJob, MovedOn, NextJob } from "./job-requests.ts";
import type { JobData } from "./job-data.ts";
import {
  givenJob,
  JobTaker,
  nothing,
  type GivenJob,
  type JobAhead,
  type JobTakerParts,
} from "./job-taker.ts";
import { NOT_PLAIN } from "./job-moves.ts";
import { applyVerdict, handBack, type Verdict } from "./verdict.ts";

export interface LeanWorkerOptions {
  queueName: string;
  redis: Redis;
  settings: Omit<WorkerOptions, "connection"> & { lockDuration: number };
  taking: Omit<JobTakerParts, "lockMs">;
  perform: (job: Job<JobData>) => Promise<Verdict>;
}

type Performed = () => Promise<void>;
type Given = Job<JobData, void>;

/**
 * BullMQ's worker, with a shorter way for what nearly every job does: it is taken, and one whose task ends with it is
 * completed and followed by the next, by `goOn`. Whatever else becomes of a job goes BullMQ's own way.
 * Fetching, concurrency, locks, stalled jobs and closing are BullMQ's throughout.
 */
export class LeanWorker extends Worker<JobData, void> {
  readonly #perform: LeanWorkerOptions["perform"];
  readonly #taker: JobTaker;
  readonly #lockMs: number;
  /** What became of the jobs that BullMQ's own way goes on with. */
  readonly #performed: WeakMap<object, Performed>;

  constructor({ queueName, redis, settings, taking, perform }: LeanWorkerOptions) {
    const taker = new JobTaker({ ...taking, lockMs: settings.lockDuration });
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
      return wantsNext ? await this.#goOn(moved.next, token, nowMs) : undefined;
    } catch (error) {
      this.#emitError(error);
      return undefined;
    }
  }

  /** What it has taken and not begun goes back at once. */
  override async close(force?: boolean): Promise<void> {
    const ahead = this.#taker.letGo();
    this.#taker.close();
    const closing = super.close(force);
    await this.#handBack(ahead);
    await closing;
  }

  protected override async moveToActive(token: string, name?: string): Promise<Given> {
    const given = await this.#taker.take(token, this.#room());
    if (given === null) return await super.moveToActive(token, name);
    if (this.closing) await this.#handBack(this.#taker.letGo());
    return await this.#give(given);
  }

  /** As BullMQ's own way of giving, without what only its job schedulers need. */
  async #give({ job, id, token, nextDueAt, isLast }: GivenJob): Promise<Given> {
    this["updateDelays"](0, nextDueAt);
    // What it is not given comes as undefined.
    if (job === null) return await this.nextJobFromJobData(undefined, id, token);
    this["drained"] = isLast;
    return this.#jobOf({ job, id, token });
  }

  #jobOf({ job, id, token }: Pick<JobAhead, "job" | "id" | "token">): Given {
    return Object.assign(this.createJob(job, id), { token });
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

  async #goOn(
    next: NextJob | typeof NOT_PLAIN,
    token: string,
    askedAt: number,
  ): Promise<Given | undefined> {
    if (next === NOT_PLAIN) return await super.moveToActive(token);
    const { job, nextDueAt, isEmpty } = next;
    if (job === null) return await this.#give(nothing(token, nextDueAt));
    return await this.#give(givenJob(job, { token, askedAt, nextDueAt, isLast: isEmpty }));
  }

  /** How many more it may hold, the one that is being asked for included. */
  #room(): number {
    return this.concurrency - (this["mainLoopQueue"]?.numTotal() ?? 0);
  }

  async #handBack(jobs: readonly JobAhead[]): Promise<void> {
    try {
      await Promise.all(jobs.map(async (ahead) => await handBack(this.#jobOf(ahead))));
    } catch (error) {
      this.#emitError(error);
    }
  }

  /** What it is about is found stalled when its lock has run out, and done by whoever gets it then. */
  #emitError(error: unknown): void {
    this.emit("error", error instanceof Error ? error : new Error(String(error)));
  }
}
