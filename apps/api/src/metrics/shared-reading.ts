/**
 * One reading for everybody who asks while it is on its way. Nobody is given a reading that began before they
 * asked: those who come while one runs share the next. So any number of callers costs one reading at a time, and
 * each of them sees what was true after they asked.
 */
export class SharedReading<Value> {
  readonly #read: () => Promise<Value>;
  #running: Promise<Value> | null = null;
  #next: Promise<Value> | null = null;

  constructor(read: () => Promise<Value>) {
    this.#read = read;
  }

  get(): Promise<Value> {
    if (this.#running === null) return this.#start();
    this.#next ??= this.#running.then(
      async () => await this.#startNext(),
      async () => await this.#startNext(),
    );
    return this.#next;
  }

  #startNext(): Promise<Value> {
    this.#next = null;
    return this.#start();
  }

  #start(): Promise<Value> {
    const running = this.#read().finally(() => {
      if (this.#running === running) this.#running = null;
    });
    this.#running = running;
    return running;
  }
}
