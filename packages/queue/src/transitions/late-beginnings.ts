import type { Task } from "@orchestrator/core";

/** A first attempt that is still running after this is written down: most have ended by then. */
const WRITE_DOWN_AFTER_MS = 25;

interface Beginning {
  /** Writes down that the attempt runs, at most once. */
  write: () => Promise<void>;
  isWritten: () => boolean;
  timer: NodeJS.Timeout;
}

/**
 * First attempts under way that their records do not tell of yet. That one has begun is known all the same: BullMQ
 * counted it when it gave the job out, so that whoever gets the job after a lost worker takes it for made.
 */
export class LateBeginnings {
  readonly #beginnings = new Map<string, Beginning>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  start(task: Task, writeDown: () => Promise<void>): void {
    let writing: Promise<void> | null = null;
    const write = async (): Promise<void> => {
      clearTimeout(timer);
      writing ??= writeDown();
      await writing;
    };
    const timer = setTimeout(() => void write().catch(this.#onError), WRITE_DOWN_AFTER_MS);
    this.#beginnings.set(task.id, { write, isWritten: () => writing !== null, timer });
  }

  /** True for an attempt of which nothing is written down, and nothing will be; any other is on record after this. */
  async takeUnwritten(taskId: string): Promise<boolean> {
    if (this.dropUnwritten(taskId)) return true;
    await this.write(taskId);
    return false;
  }

  /** True for an attempt of which nothing is written down, and nothing will be; any other stays as it is. */
  dropUnwritten(taskId: string): boolean {
    const beginning = this.#beginnings.get(taskId);
    if (beginning === undefined || beginning.isWritten()) return false;
    this.#beginnings.delete(taskId);
    clearTimeout(beginning.timer);
    return true;
  }

  /** Resolves when the attempt is on record. */
  async write(taskId: string): Promise<void> {
    const beginning = this.#beginnings.get(taskId);
    this.#beginnings.delete(taskId);
    await beginning?.write();
  }
}
