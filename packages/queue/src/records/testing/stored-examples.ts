import type { Attempt, Task } from "@orchestrator/core";
import type { StoredTask } from "../stored-task.ts";

/** When every example task was accepted. */
export const NOW = 1_800_000_000_000;

export function aTask(differing: Partial<Task> = {}): Task {
  return {
    id: "0b0e6bd5-6a4c-4b53-9d0e-1d5f6a7f8c11",
    dropletName: "Echo",
    method: "PUT",
    path: "/x?y=z",
    priority: "high",
    meta: { requested_by: "me" },
    traceId: "trace-1",
    traceparent: null,
    caller: null,
    createdAt: NOW,
    delayMs: 0,
    deadlineAt: null,
    timeoutMs: 30_000,
    attemptTimeoutMs: 10_000,
    maxRetries: 3,
    delivery: "at_least_once",
    callback: null,
    replayedFrom: null,
    hops: 1,
    claim: null,
    ...differing,
  };
}

/** Answered with 503, to be tried again after 1 s. */
export function anAttempt(differing: Partial<Attempt> = {}): Attempt {
  return {
    number: 1,
    startedAt: NOW + 500,
    durationMs: 20,
    outcome: "responded",
    responseStatus: 503,
    error: null,
    retryInMs: 1000,
    decision: "503 may pass",
    ...differing,
  };
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
