import type { Task } from "@orchestrator/core";

/** A GET of `/x` on a droplet named Echo, with ample time. */
export function aTask(differing: Partial<Task> = {}): Task {
  return {
    id: "0b0e6bd5-6a4c-4b53-9d0e-1d5f6a7f8c11",
    dropletName: "Echo",
    method: "GET",
    path: "/x",
    priority: "normal",
    meta: {},
    traceId: "trace-1",
    traceparent: null,
    caller: null,
    createdAt: Date.now(),
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
