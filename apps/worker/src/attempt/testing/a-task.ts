import type { Task } from "@orchestrator/core";
import { aTask as anyTask } from "@orchestrator/core/testing";

/** A GET of `/x` on a droplet named Echo, accepted just now: its attempts are real. */
export function aTask(differing: Partial<Task> = {}): Task {
  return anyTask({
    createdAt: Date.now(),
    timeoutMs: 30_000,
    attemptTimeoutMs: 10_000,
    ...differing,
  });
}
