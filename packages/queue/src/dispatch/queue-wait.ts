/** BullMQ's sign that a queue has jobs, or will have (score: when, in ms), taken away by whoever sees it. */
export interface Marker {
  member: string;
  score: number;
}

export interface QueueWaitParts {
  /** Null after the timeout. */
  waitForMarker: (timeoutS: number) => Promise<Marker | null>;
  /** A marker came to us while we were not waiting. */
  callOthers: () => void;
}

/**
 * A consumer's wait for jobs: until it is called, or BullMQ's marker is there. The wait for the marker takes a command,
 * and so it stays when a call ends the other: it goes on while the consumer works, and is there for the next wait.
 */
export class QueueWait {
  readonly #parts: QueueWaitParts;
  #waiter: PromiseWithResolvers<Marker | null> | null = null;
  /** Since the last look. */
  #wasCalled = false;
  #wasMarked = false;
  /** How long the wait for a marker was to take when it began (s), null while there is none. */
  #markerWithinS: number | null = null;
  /** What came while nobody waited. */
  #marker: Marker | null = null;

  constructor(parts: QueueWaitParts) {
    this.#parts = parts;
  }

  call(): void {
    this.#wasCalled = true;
    this.#waiter?.resolve(null);
  }

  /**
   * From here on a call means another look.
   * @returns whether it was a marker that called: that calls nobody else
   */
  startLook(): boolean {
    const wasMarked = this.#wasMarked;
    this.#wasCalled = false;
    this.#wasMarked = false;
    return wasMarked;
  }

  /** The marker, or null when called or after the timeout. */
  async wait(timeoutS: number): Promise<Marker | null> {
    if (this.#wasCalled) return null;
    if (this.#marker !== null) return this.#readMarker();
    const waiter = Promise.withResolvers<Marker | null>();
    this.#waiter = waiter;
    const timer = this.#timer(timeoutS, waiter);
    try {
      return await waiter.promise;
    } finally {
      this.#waiter = null;
      clearTimeout(timer);
    }
  }

  /** One that was to take no longer when it began, earlier, ends this wait in time. */
  #timer(timeoutS: number, { resolve }: PromiseWithResolvers<Marker | null>) {
    if (this.#markerWithinS === null) void this.#waitForMarker(timeoutS);
    else if (this.#markerWithinS > timeoutS) {
      return setTimeout(() => resolve(null), 1000 * timeoutS);
    }
    return undefined;
  }

  #readMarker(): Marker | null {
    const marker = this.#marker;
    this.#marker = null;
    if (marker !== null) this.#wasMarked = true;
    return marker;
  }

  async #waitForMarker(timeoutS: number): Promise<void> {
    this.#markerWithinS = timeoutS;
    try {
      const marker = await this.#parts.waitForMarker(timeoutS);
      this.#markerWithinS = null;
      this.#marker = marker;
      if (this.#waiter !== null) this.#waiter.resolve(this.#readMarker());
      else if (marker !== null) this.#parts.callOthers();
    } catch (error) {
      this.#markerWithinS = null;
      // While nobody waits: the next wait finds out.
      this.#waiter?.reject(error);
    }
  }
}
