interface Waiting<Item> {
  item: Item;
  resolve: () => void;
  reject: (error: Error) => void;
}

/**
 * Collects what is asked for within one turn of the event loop and does it together: callers who come at the same
 * moment share one round trip. One who comes alone waits for nobody.
 */
export class TurnBatch<Item> {
  readonly #run: (items: Item[]) => Promise<readonly (Error | null)[]>;
  #waiting: Waiting<Item>[] = [];

  /** @param run does all of it; answers for each item, in order, null or what went wrong */
  constructor(run: (items: Item[]) => Promise<readonly (Error | null)[]>) {
    this.#run = run;
  }

  /** Resolves when this item was done, and rejects only for what went wrong with it, or with all of its batch. */
  async add(item: Item): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#waiting.length === 1) setImmediate(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      const failures = await this.#run(batch.map(({ item }) => item));
      for (const [position, { resolve, reject }] of batch.entries()) {
        const failure = failures[position];
        if (failure) reject(failure);
        else resolve();
      }
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      for (const { reject } of batch) reject(reason);
    }
  }
}
