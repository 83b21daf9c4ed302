export interface KeptFreshOptions<Value> {
  read: () => Promise<Value>;
  /** A value up to this old is handed out again. */
  maxAgeMs: number;
  /** How long `get` waits for a newer one. */
  waitMs: number;
  onError: (error: unknown) => void;
}

/**
 * A value that is dear to read: read when somebody asks and the last one is too old, by one reading at a time.
 * Asking never takes longer than `waitMs`, whatever the reading waits for.
 */
export class KeptFresh<Value> {
  readonly #options: KeptFreshOptions<Value>;
  #last: { value: Value; readAt: number } | null = null;
  #reading: Promise<void> | null = null;

  constructor(options: KeptFreshOptions<Value>) {
    this.#options = options;
  }

  /** Null when there is none that is fresh enough, and none came in time. */
  async get(): Promise<Value | null> {
    if (!this.#isFresh()) {
      this.#reading ??= this.#read();
      await this.#withinPatience(this.#reading);
    }
    return this.#isFresh() ? (this.#last?.value ?? null) : null;
  }

  #isFresh(): boolean {
    return this.#last !== null && performance.now() - this.#last.readAt <= this.#options.maxAgeMs;
  }

  async #read(): Promise<void> {
    try {
      const value = await this.#options.read();
      this.#last = { value, readAt: performance.now() };
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#reading = null;
    }
  }

  async #withinPatience(reading: Promise<void>): Promise<void> {
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#options.waitMs);
    await Promise.race([reading, enough]);
    clearTimeout(timer);
  }
}
