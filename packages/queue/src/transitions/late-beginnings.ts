import type { Task } from "@orchestrator/core";

/** A first attempt that is still running after this is written down: most have ended by then. */
const WRITE_DOWN_AFTER_MS = 50;

interface Unwritten {
  dueAt: number;
  /** Null once it was taken. */
  writeDown: (() => Promise<void>) | null;
}

/**
 * First attempts under way that their records do not tell of yet. That one has begun is known all the same: BullMQ
 * counted it when it gave the job out, so that whoever gets the job after a lost worker takes it for made.
 */
export class LateBeginnings {
  /** In the order in which they are due: all wait equally long, and one timer serves them all. */
  readonly #unwritten = new Map<string, Unwritten>();
  readonly #writing = new Map<string, Promise<void>>();
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  start(task: Task, writeDown: () => Promise<void>): void {
    // Begun anew it is the last of them again.
    this.#take(task.id);
    this.#unwritten.set(task.id, { dueAt: performance.now() + WRITE_DOWN_AFTER_MS, writeDown });
    if (this.#timer === null) this.#lookAfter(WRITE_DOWN_AFTER_MS);
  }

  /** True for an attempt of which nothing is written down, and nothing will be; any other is on record after this. */
  async takeUnwritten(taskId: string): Promise<boolean> {
    if (this.dropUnwritten(taskId)) return true;
    await this.write(taskId);
    return false;
  }

  /** True for an attempt of which nothing is written down, and nothing will be; any other stays as it is. */
  dropUnwritten(taskId: string): boolean {
    return this.#take(taskId) !== null;
  }

  /** Resolves when the attempt is on record. */
  async write(taskId: string): Promise<void> {
    const writeDown = this.#take(taskId);
    const writing = this.#writing.get(taskId);
    this.#writing.delete(taskId);
    await (writeDown === null ? writing : writeDown());
  }

  #take(taskId: string): Unwritten["writeDown"] {
    const unwritten = this.#unwritten.get(taskId);
    if (unwritten === undefined) return null;
    this.#unwritten.delete(taskId);
    const { writeDown } = unwritten;
    // A Map that tasks come to and go from keeps what went until the next full collection: let that be next to nothing.
    unwritten.writeDown = null;
    return writeDown;
  }

  #lookAfter(ms: number): void {
    // Of a process that stood still all are late: what was answered meanwhile is read first.
    this.#timer = setTimeout(() => setImmediate(() => this.#writeDue()), ms);
  }

  #writeDue(): void {
    this.#timer = null;
    const now = performance.now();
    for (const [taskId, { dueAt }] of this.#unwritten) {
      if (dueAt > now) {
        this.#lookAfter(dueAt - now);
        return;
      }
      const writing = this.#take(taskId)?.() ?? Promise.resolve();
      writing.catch(this.#onError);
      this.#writing.set(taskId, writing);
    }
  }
}
