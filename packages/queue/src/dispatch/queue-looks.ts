import { NOT_PLAIN } from "./job-moves.ts";

/** As many are taken at once at most: other processes shall have their part of what was added together. */
const TAKE_MAX = 10;

/** A look that failed is made again after this. */
const AGAIN_AFTER_MS = 1000;

/** A task may be delayed by a month, which is longer than a timer can take. */
const AHEAD_MS_MAX = 3_600_000;

/**
 * A quick look is for what was added just now. A thorough one looks also for what only BullMQ's scripts can take, and leaves
 * the queue to them when there is something: whenever a look has not emptied the queue, so that nothing waits for ever.
 */
export type LookKind = "quick" | "thorough";

/** What a look gave. */
export interface Looked<Job> {
  jobs: readonly Job[];
  /** Another look would find nothing, until somebody calls. */
  isEmpty: boolean;
  /** When the next delayed job is due (ms, 0 = there is none). */
  nextDueAt: number;
}

export interface QueueLooksParts<Job> {
  /** How many of its jobs the process may have under way by these looks, those that are included. */
  room: () => number;
  /** @returns NOT_PLAIN for a queue that only BullMQ's own script knows how to take from */
  take: (count: number, kind: LookKind) => Promise<typeof NOT_PLAIN | Looked<Job>>;
  /** Runs a job, and then those that come with the end of another; true when there may be more. Never rejects. */
  run: (job: Job) => Promise<boolean>;
  /** What was taken and will not be run goes back. */
  handBack: (jobs: readonly Job[]) => Promise<void>;
  /** Has BullMQ's own loop look at the queue. */
  leaveToBullMq: () => Promise<void>;
  onError: (error: unknown) => void;
}

/**
 * Looks into one queue, and runs what is there, as often as somebody calls. A call that comes while there is no room is
 * followed when there is.
 */
export class QueueLooks<Job> {
  readonly #parts: QueueLooksParts<Job>;
  readonly #running = new Set<Promise<void>>();
  /** How many jobs looks under way may give. */
  #asked = 0;
  #isDue = false;
  /** Of the look that is due. */
  #kind: LookKind = "quick";
  #isLooking = false;
  /** As of the last look: who adds to an empty queue calls. */
  #isEmpty = false;
  #looking = Promise.resolve();
  #isClosed = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: QueueLooksParts<Job>) {
    this.#parts = parts;
  }

  call(kind: LookKind): void {
    this.#isDue = true;
    if (this.room === 0) this.#kind = "thorough";
    else if (kind === "thorough") this.#kind = kind;
    if (!this.#isLooking) this.#looking = this.#lookWhileDue();
  }

  /** Calls when that time has come, or in an hour. @param dueAt ms, 0 = never */
  callAt(dueAt: number): void {
    if (dueAt === 0 || this.#isClosed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const ms = Math.min(dueAt - Date.now(), AHEAD_MS_MAX);
    this.#timer = setTimeout(() => this.call("thorough"), ms).unref();
  }

  /**
   * Takes and runs all that there is room for, for whoever cannot be called again.
   * @returns what the last look gave, if only how much is left; its jobs are under way
   */
  async look(): Promise<typeof NOT_PLAIN | Looked<Job>> {
    for (;;) {
      const { room } = this;
      const looked = await this.#take(room, "thorough");
      if (looked === NOT_PLAIN || looked.isEmpty || room === 0) return looked;
    }
  }

  /** False when another look would find nothing, for all that is known. */
  get mayHaveMore(): boolean {
    return this.#isDue || !this.#isEmpty;
  }

  /** Somebody else has looked. @param nextDueAt ms, 0 = there is none */
  foundEmpty(nextDueAt: number): void {
    this.#isEmpty = true;
    this.callAt(nextDueAt);
  }

  /** How many more jobs may be under way. */
  get room(): number {
    return Math.max(0, this.#parts.room() - this.#running.size - this.#asked);
  }

  /** No look begins any more; resolves when all that runs has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#looking;
    await Promise.all(this.#running);
  }

  async #lookWhileDue(): Promise<void> {
    this.#isLooking = true;
    try {
      // What is due while there is no room is due until there is.
      while (this.#isDue && !this.#isClosed && this.room > 0) {
        const kind = this.#kind;
        this.#isDue = false;
        this.#kind = "quick";
        const looked = await this.#take(this.room, kind);
        if (looked === NOT_PLAIN) {
          await this.#parts.leaveToBullMq();
          continue;
        }
        if (!looked.isEmpty) {
          this.#isDue = true;
          this.#kind = "thorough";
        }
        this.callAt(looked.nextDueAt);
      }
    } catch (error) {
      this.#parts.onError(error);
      this.callAt(Date.now() + AGAIN_AFTER_MS);
    } finally {
      this.#isLooking = false;
    }
  }

  async #take(room: number, kind: LookKind): Promise<typeof NOT_PLAIN | Looked<Job>> {
    const { take, handBack } = this.#parts;
    if (this.#isClosed) return { jobs: [], isEmpty: true, nextDueAt: 0 };
    const count = Math.min(room, TAKE_MAX);
    this.#asked += count;
    let looked;
    try {
      looked = await take(count, kind);
    } finally {
      this.#asked -= count;
    }
    this.#isEmpty = looked !== NOT_PLAIN && looked.isEmpty;
    if (looked === NOT_PLAIN) return looked;
    // A look that was under way then may still give jobs.
    if (this.#isClosed) await handBack(looked.jobs);
    else for (const job of looked.jobs) this.#run(job);
    return looked;
  }

  #run(job: Job): void {
    const run = async (): Promise<void> => {
      const mayBeMore = await this.#parts.run(job);
      this.#running.delete(running);
      if (mayBeMore || this.#isDue) this.call("thorough");
    };
    const running = run();
    this.#running.add(running);
  }
}
