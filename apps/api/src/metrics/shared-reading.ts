import { setTimeout as delay } from "node:timers/promises";

/** A reading is followed by a pause this many times as long, so that readers never take more than a quarter of Redis. */
const PAUSE_SHARE = 3;
const PAUSE_MS_MAX = 100;

/**
 * One reading for everybody who asks while it is on its way. Nobody is given a reading that began before they
 * asked: those who come while one runs share the next. So any number of callers costs one reading at a time, and
 * each of them sees what was true after they asked.
 */
export class SharedReading<Value> {
  readonly #read: () => Promise<Value>;
  #running: Promise<Value> | null = null;
  #next: Promise<Value> | null = null;
  #notBefore = 0;

  constructor(read: () => Promise<Value>) {
    this.#read = read;
  }

  get(): Promise<Value> {
    this.#next ??= this.#readNext();
    return this.#next;
  }

  /** Everybody who asks until the reading really begins shares it. */
  async #readNext(): Promise<Value> {
    await this.#running?.catch(() => {});
    const pauseMs = this.#notBefore - performance.now();
    if (pauseMs > 0) await delay(pauseMs);
    this.#next = null;
    this.#running = this.#readTimed();
    return await this.#running;
  }

  async #readTimed(): Promise<Value> {
    const startedAt = performance.now();
    try {
      return await this.#read();
    } finally {
      const endedAt = performance.now();
      this.#notBefore = endedAt + Math.min(PAUSE_MS_MAX, PAUSE_SHARE * (endedAt - startedAt));
    }
  }
}
