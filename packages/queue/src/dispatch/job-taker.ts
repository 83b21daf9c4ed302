import type { JobJson, RedisQueueBackend } from "bullmq";
import type { Look } from "./job-requests.ts";
import type { JobCalls } from "./job-calls.ts";
import { NOT_PLAIN, tokenOf, type Taken, type TakenJob } from "./job-moves.ts";
import { QueueWait } from "./queue-wait.ts";
import { readTakenJob } from "./taken-job.ts";

/** As many are taken at once at most: other processes shall have their part of what was added together. */
const TAKE_MAX = 10;

/** A look that failed is made again after this. */
const AGAIN_AFTER_MS = 1000;

/** What a look gave, and when the next delayed job is due (ms, 0 = there is none). */
export interface GivenJob {
  job: JobJson | null;
  id: string;
  /** Under which it is locked. */
  token: string;
  nextDueAt: number;
  /** Another look would find nothing, until somebody calls. */
  isLast: boolean;
}

/** A job that was taken with others, and is not begun. */
export type JobAhead = GivenJob & { job: JobJson };

export interface JobTakerParts {
  /** @returns NOT_PLAIN for a queue that only BullMQ's own script knows how to take from */
  take: (look: Look) => Promise<typeof NOT_PLAIN | Taken>;
  calls: JobCalls;
  lockMs: number;
  onError: (error: unknown) => void;
}

/**
 * Takes the jobs of one queue: as many as there is room for, given one by one. With the last one it says so, and its consumer
 * goes back to waiting. BullMQ's would look in vain twice more: once because it may take more jobs, once because of the
 * marker that the job has set.
 */
export class JobTaker {
  readonly #parts: JobTakerParts;
  /** What all keys of the queue begin with. */
  queue = "";
  /** Taken, and not given yet. */
  #ahead: JobAhead[] = [];
  #wait: QueueWait | null = null;
  readonly #onCall = (): void => this.#wait?.call();

  constructor(parts: JobTakerParts) {
    this.#parts = parts;
  }

  /** Has a backend wait here, for calls as for markers. */
  serve(backend: RedisQueueBackend): RedisQueueBackend {
    const { calls, onError } = this.#parts;
    this.queue = String(backend.keys[""]);
    const waitForMarker = backend.waitForJob.bind(backend);
    const callOthers = (): void => {
      calls.call(this.queue).catch(onError);
    };
    const wait = new QueueWait({ waitForMarker, callOthers });
    this.#wait = wait;
    backend.waitForJob = async (timeoutS) => await wait.wait(timeoutS);
    calls.listen(this.queue, this.#onCall);
    return backend;
  }

  /** @returns null when BullMQ's own script has to look */
  async take(token: string, room: number): Promise<GivenJob | null> {
    const ahead = this.#ahead.shift();
    if (ahead !== undefined) return ahead;
    const count = Math.max(1, Math.min(room, TAKE_MAX));
    const isMarked = this.#wait?.startLook() ?? false;
    const askedAt = Date.now();
    const taken = await this.#look({ token, count, isMarked });
    if (taken === NOT_PLAIN) return null;
    const [jobs, isEmpty, nextDue] = taken;
    const nextDueAt = Number(nextDue);
    const given = jobs.map((job, n) =>
      givenJob(job, { token: tokenOf(token, n), askedAt, isLast: false, nextDueAt }),
    );
    const last = given.at(-1);
    if (last === undefined) return nothing(token, nextDueAt);
    last.isLast = isEmpty === "1";
    const [first = last, ...more] = given;
    this.#ahead = more;
    return first;
  }

  async #look(look: Pick<Look, "token" | "count" | "isMarked">): Promise<typeof NOT_PLAIN | Taken> {
    const { take, lockMs } = this.#parts;
    try {
      return await take({ queue: this.queue, lockMs, ...look });
    } catch (error) {
      // Whoever called does not call again.
      setTimeout(this.#onCall, AGAIN_AFTER_MS).unref();
      throw error;
    }
  }

  /** What was taken and will not be given any more. */
  letGo(): JobAhead[] {
    const ahead = this.#ahead;
    this.#ahead = [];
    return ahead;
  }

  close(): void {
    this.#parts.calls.unlisten(this.queue, this.#onCall);
  }
}

/** @param askedAt since when its lock may count (ms) */
export function givenJob(
  taken: TakenJob,
  { askedAt, ...how }: Pick<GivenJob, "token" | "isLast" | "nextDueAt"> & { askedAt: number },
): JobAhead {
  const [job, id] = readTakenJob(taken, askedAt);
  return { job, id, ...how };
}

export function nothing(token: string, nextDueAt: number): GivenJob {
  return { job: null, id: "", token, nextDueAt, isLast: true };
}
