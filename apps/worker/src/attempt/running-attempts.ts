import { StopReason } from "./stop-reason.ts";

/** By which one attempt is stopped, once: an AbortController costs several times as much, and every attempt has one. */
export class AttemptStop {
  #reason: StopReason | null = null;
  #onStop: ((reason: StopReason) => void) | null = null;

  /** Null until somebody stops it. */
  get reason(): StopReason | null {
    return this.#reason;
  }

  /** The first reason counts. */
  stop(because: StopReason["because"]): void {
    if (this.#reason !== null) return;
    this.#reason = new StopReason(because);
    this.#onStop?.(this.#reason);
  }

  /** Has one listener, which hears of what comes from now on; null for nobody any more. */
  onStop(listener: ((reason: StopReason) => void) | null): void {
    this.#onStop = listener;
  }
}

/** The attempts this process has under way, so that each can be stopped from outside. */
export class RunningAttempts {
  readonly #stops = new Map<string, AttemptStop>();

  get size(): number {
    return this.#stops.size;
  }

  get taskIds(): string[] {
    return [...this.#stops.keys()];
  }

  start(taskId: string): AttemptStop {
    const stop = new AttemptStop();
    this.#stops.set(taskId, stop);
    return stop;
  }

  end(taskId: string): void {
    this.#stops.delete(taskId);
  }

  cancel(taskId: string): void {
    this.#stops.get(taskId)?.stop("cancelled");
  }

  stopAll(): void {
    for (const stop of this.#stops.values()) stop.stop("worker_stopping");
  }
}
