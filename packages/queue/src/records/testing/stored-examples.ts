import type { Attempt, Task } from "@orchestrator/core";
import { anAttempt as anyAttempt, aTask as anyTask, NOW } from "@orchestrator/core/testing";
import type { StoredTask } from "../stored-task.ts";

export { NOW };

/** One that a record shows something of in every field. */
export function aTask(differing: Partial<Task> = {}): Task {
  return anyTask({
    method: "PUT",
    path: "/x?y=z",
    priority: "high",
    meta: { requested_by: "me" },
    ...differing,
  });
}

/** Answered with 503 after half a second in the queue, to be tried again after 1 s. */
export function anAttempt(differing: Partial<Attempt> = {}): Attempt {
  return anyAttempt({ startedAt: NOW + 500, durationMs: 20, ...differing });
}

/** A task that waits for its first attempt. */
export function aStoredTask(differing: Partial<StoredTask> = {}): StoredTask {
  return {
    task: aTask(),
    status: "queued",
    revision: 1,
    attempts: [],
    open: null,
    firstStartedAt: null,
    nextAttemptAt: null,
    completedAt: null,
    targetUrl: null,
    response: null,
    end: null,
    isCancelWished: false,
    ...differing,
  };
}
