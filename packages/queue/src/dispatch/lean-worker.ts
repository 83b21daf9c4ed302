import { Worker, type Job, type JobJson, type WorkerOptions } from "bullmq";
import type { Redis } from "../redis/redis.ts";
import type { EndWithJob, Look, MovedOn, NextJob } from "./job-requests.ts";
import type { JobCalls } from "./job-calls.ts";
import type { JobData } from "./job-data.ts";
import { NOT_PLAIN, tokenOf, type Taken, type TakenJob } from "./job-moves.ts";
import { QueueLooks, type Looked, type LookKind } from "./queue-looks.ts";
import { readTakenJob } from "./taken-job.ts";
import { applyVerdict, handBack, type Verdict } from "./verdict.ts";

/** BullMQ's loop looks again after this when there was no room for what it alone can take. */
const FULL_MS = 1000;

export interface LeanWorkerOptions {
  queueName: string;
  redis: Redis;
  settings: Omit<WorkerOptions, "connection"> & { lockDuration: number };
  /** @returns NOT_PLAIN for a queue that only BullMQ's own script knows how to take from */
  take: (look: Look) => Promise<typeof NOT_PLAIN | Taken>;
  calls: JobCalls;
  perform: (job: Job<JobData>) => Promise<Verdict>;
}

type Given = Job<JobData, void>;

/** What became of a job, and what follows it. */
interface Processed {
  next: Given | undefined;
  /** Nothing does, and there is nothing else to be had, until somebody calls. */
  isLast: boolean;
}

/**
 * BullMQ's worker, with a shorter way for what nearly every job does: its consumer is called, takes it with others, and
 * has it completed with its task and followed by the next, by `goOn`. BullMQ's own loop is the alarm clock: it looks
 * when a marker or a time says so, and runs what only BullMQ's own scripts can take, out of a queue that is paused, limited,
 * or has delayed jobs that are due. Locks, stalled jobs, retries and closing are BullMQ's throughout.
 */
export class LeanWorker extends Worker<JobData, void> {
  readonly #options: LeanWorkerOptions;
  /** What all keys of the queue begin with. */
  readonly #queue: string;
  readonly #looks: QueueLooks<Given>;
  /** What became of the jobs that BullMQ's own way goes on with. */
  readonly #performed: WeakMap<object, () => Promise<void>>;
  readonly #onCall = (kind: LookKind): void => this.#looks.call(kind);
  #looked = 0;

  constructor(options: LeanWorkerOptions) {
    const { queueName, redis, settings, calls } = options;
    const performed = new WeakMap<object, () => Promise<void>>();
    super(queueName, async (job: Given) => await performed.get(job)?.(), {
      ...settings,
      connection: redis,
    });
    this.#options = options;
    this.#performed = performed;
    this.#queue = String(this.backend.keys[""]);
    this.#looks = new QueueLooks({
      room: () => this.concurrency - this.#runByBullMq(),
      take: async (count, kind) => await this.#take(count, kind),
      run: async (job) => await this.#run(job),
      handBack: async (jobs) => void (await Promise.all(jobs.map(handBack))),
      leaveToBullMq: async () => void (await redis.zadd(`${this.#queue}marker`, 0, "0")),
      onError: (error) => this.#emitError(error),
    });
    calls.listen(this.#queue, this.#onCall);
    // Closing keeps the locks until these have finished: ours are among them. No consumer of ours is ever only paused.
    const whenItsOwnFinished = this["whenCurrentJobsFinished"].bind(this);
    this["whenCurrentJobsFinished"] = async (reconnect?: boolean) => {
      await Promise.all([whenItsOwnFinished(reconnect), this.#looks.close()]);
    };
  }

  /** For whoever knows of a job that nobody was told of. */
  look(): void {
    this.#looks.call("thorough");
  }

  /** By BullMQ's own loop. Never rejects: that would end the loop. */
  override async processJob(
    job: Given,
    token: string,
    hasRoom?: () => boolean,
  ): Promise<void | Given> {
    const { next } = await this.#process(job, token, hasRoom);
    return next;
  }

  override async close(force?: boolean): Promise<void> {
    this.#options.calls.unlisten(this.#queue, this.#onCall);
    await super.close(force);
  }

  /** By BullMQ's own loop, which is given only what it alone can take. */
  protected override async moveToActive(token: string, name?: string): Promise<Given> {
    const looked = await this.#looks.look();
    if (looked === NOT_PLAIN && this.#looks.room > 0) return await super.moveToActive(token, name);
    const isFull = looked === NOT_PLAIN || !looked.isEmpty;
    // Nobody else has seen the marker.
    if (isFull) await this.#options.calls.passOn(this.#queue);
    this["updateDelays"](0, looked === NOT_PLAIN ? Date.now() + FULL_MS : looked.nextDueAt);
    return await this.nextJobFromJobData();
  }

  async #run(first: Given): Promise<boolean> {
    for (let job = first; ;) {
      const { next, isLast } = await this.#process(job, String(job.token));
      if (next === undefined) return !isLast;
      job = next;
    }
  }

  async #process(job: Given, token: string, hasRoom?: () => boolean): Promise<Processed> {
    const goOnByBullMq = async (): Promise<Processed> => {
      const next = await super.processJob(job, token, hasRoom);
      return { next: next ?? undefined, isLast: false };
    };
    // BullMQ has given it up, and says so by itself.
    if (job.deferredFailure) return await goOnByBullMq();
    this.lockManager.trackJob(String(job.id), token, job.processedOn ?? Date.now());
    const end = await this.#perform(job);
    if (end === undefined) return await goOnByBullMq();
    const hasMore = hasRoom?.() ?? this.#looks.mayHaveMore;
    const wantsNext = hasMore && !this.closing && !this.paused;
    const nowMs = Date.now();
    try {
      const moved = await this.#complete(job, token, { end, wantsNext, nowMs });
      if (moved.kind === "unmoved") return await goOnByBullMq();
      if (wantsNext) return await this.#goOn(moved.next, token, nowMs);
      return { next: undefined, isLast: !hasMore };
    } catch (error) {
      this.#emitError(error);
    }
    return { next: undefined, isLast: false };
  }

  /** @returns how the job is completed with its task; undefined when BullMQ's own way goes on with it */
  async #perform(job: Given): Promise<EndWithJob | undefined> {
    try {
      const verdict = await this.#options.perform(job);
      if (verdict.kind === "succeeded" && verdict.end) return verdict.end;
      this.#performed.set(job, async () => await applyVerdict(verdict, job));
    } catch (error) {
      this.#performed.set(job, async () => await Promise.reject(error));
    }
    return undefined;
  }

  async #complete(
    { id }: Given,
    token: string,
    { end, ...what }: { end: EndWithJob; wantsNext: boolean; nowMs: number },
  ): Promise<Exclude<MovedOn, { kind: "refused" }>> {
    const { lockDuration: lockMs } = this.#options.settings;
    const moved = await end({ queue: this.#queue, token, lockMs, ...what });
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
  ): Promise<Processed> {
    if (next === NOT_PLAIN) return { next: await super.moveToActive(token), isLast: false };
    const { job, nextDueAt } = next;
    if (job !== null) return { next: this.#jobOf(job, token, askedAt), isLast: false };
    this.#looks.foundEmpty(nextDueAt);
    return { next: undefined, isLast: true };
  }

  async #take(count: number, kind: LookKind): Promise<typeof NOT_PLAIN | Looked<Given>> {
    const token = `${this.id}:look-${this.#looked++}`;
    const askedAt = Date.now();
    const { take, settings } = this.#options;
    const lockMs = settings.lockDuration;
    const isThorough = kind === "thorough";
    const taken = await take({ queue: this.#queue, lockMs, token, count, isThorough });
    if (taken === NOT_PLAIN) return NOT_PLAIN;
    const [jobs, isEmpty, nextDue] = taken;
    return {
      jobs: jobs.map((job, n) => this.#jobOf(job, tokenOf(token, n), askedAt)),
      isEmpty: isEmpty === "1",
      nextDueAt: Number(nextDue),
    };
  }

  /** @param askedAt since when its lock may count (ms) */
  #jobOf(taken: TakenJob, token: string, askedAt: number): Given {
    const [json, id]: [JobJson, string] = readTakenJob(taken, askedAt);
    return Object.assign(this.createJob(json, id), { token });
  }

  /** Its loop counts the wait for a marker as one. */
  #runByBullMq(): number {
    const isWaiting = this["waiting"] === null ? 0 : 1;
    return (this["mainLoopQueue"]?.numTotal() ?? 0) - isWaiting;
  }

  /** What it is about is found stalled when its lock has run out, and done by whoever gets it then. */
  #emitError(error: unknown): void {
    this.emit("error", error instanceof Error ? error : new Error(String(error)));
  }
}
