import type { Attempt } from "../attempt.ts";
import type { Outcome } from "../outcome.ts";
import type { Task } from "../task.ts";

/** When every example task was accepted. */
export const NOW = 1_800_000_000_000;

/** A GET with ample time: nothing but what a test sets decides its fate. */
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
    createdAt: NOW,
    delayMs: 0,
    deadlineAt: null,
    timeoutMs: 3_600_000,
    attemptTimeoutMs: 1_200_000,
    maxRetries: 3,
    delivery: "at_least_once",
    callback: null,
    replayedFrom: null,
    hops: 1,
    claim: null,
    ...differing,
  };
}

/** An attempt that was answered with 503 and is followed by a retry after 1 s. */
export function anAttempt(differing: Partial<Attempt> = {}): Attempt {
  return {
    number: 1,
    startedAt: NOW,
    durationMs: 10,
    outcome: "responded",
    responseStatus: 503,
    error: null,
    retryInMs: 1000,
    decision: "503 may pass",
    ...differing,
  };
}

/** What the record keeps of an attempt whose worker vanished. */
export function aLostAttempt(differing: Partial<Attempt> = {}): Attempt {
  return anAttempt({
    outcome: "sent_no_response",
    responseStatus: null,
    error: "WORKER_LOST",
    retryInMs: null,
    decision: "its worker vanished",
    ...differing,
  });
}

export function answered(status: number, retryAfterMs: number | null = null): Outcome {
  return { certainty: "responded", fault: null, message: null, status, retryAfterMs };
}

/** A connection that came up and broke before an answer. */
export function unanswered(differing: Partial<Outcome> = {}): Outcome {
  return {
    certainty: "sent_no_response",
    fault: "unreachable",
    message: "read ECONNRESET",
    status: null,
    retryAfterMs: null,
    ...differing,
  };
}
