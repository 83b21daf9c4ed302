import { StopReason } from "./stop-reason.ts";

/** The attempts this process has under way, so that each can be stopped from outside. */
export class RunningAttempts {
  readonly #controllers = new Map<string, AbortController>();

  get size(): number {
    return this.#controllers.size;
  }

  get taskIds(): string[] {
    return [...this.#controllers.keys()];
  }

  start(taskId: string): AbortController {
    const controller = new AbortController();
    this.#controllers.set(taskId, controller);
    return controller;
  }

  end(taskId: string): void {
    this.#controllers.delete(taskId);
  }

  cancel(taskId: string): void {
    this.#controllers.get(taskId)?.abort(new StopReason("cancelled"));
  }

  stopAll(): void {
    for (const controller of this.#controllers.values()) {
      controller.abort(new StopReason("worker_stopping"));
    }
  }
}
