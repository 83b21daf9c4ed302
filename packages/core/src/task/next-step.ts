import type { EndedStatus, TaskErrorCode } from "@orchestrator/contract";
import { lostAttempts, retriesDecided, type Attempt } from "./attempt.ts";
import type { Outcome } from "./outcome.ts";
import { backoffMs, isRetryableStatus, isSuccessStatus } from "./retry-schedule.ts";
import type { Task } from "./task.ts";
import { usedMs } from "./time-left.ts";

/** Workers that may vanish with an attempt of one task before we suspect the task. */
const LOST_ATTEMPTS_MAX = 3;

/** How a task ended. `error` is null for success alone. */
export interface TaskEnd {
  status: EndedStatus;
  error: { code: TaskErrorCode; message: string } | null;
}

/** What we do about an outcome. `decision` says why, for the record. */
export type NextStep =
  | { kind: "finish"; end: TaskEnd; decision: string }
  | { kind: "retry"; delayMs: number; decision: string };

export interface Situation {
  task: Task;
  /** Attempts that ended before this one. */
  earlier: readonly Attempt[];
  outcome: Outcome;
  /** Of this attempt. */
  durationMs: number;
  nowMs: number;
}

/** The one place where it is decided whether a task is tried again. */
export function decideNextStep(situation: Situation): NextStep {
  const { outcome, task } = situation;
  const message = outcome.message ?? "";
  switch (outcome.fault) {
    case null:
      return decideOnAnswer(situation);
    case "cancelled":
      return finish(cancelledEnd(), "cancelled while it ran");
    case "deadline":
      return finish(deadlineEnd(), "the deadline passed while it ran");
    case "response_too_large":
      return finish(failed("RESPONSE_TOO_LARGE", message), "the same answer would come again");
    case "bad_response":
      return finish(failed("BAD_RESPONSE", message), "what came back was not HTTP");
    case "target_forbidden":
      return finish(failed("TARGET_FORBIDDEN", message), "the address must not be called");
    case "time_up":
      if (isOutcomeUnknown(task, outcome)) return finishUnknown(message);
      return finish(timedOut(message), "timeout_ms is used up");
    case "attempt_timeout":
      if (isOutcomeUnknown(task, outcome)) return finishUnknown(message);
      return retryOr(timedOut(message), "the attempt timed out", situation);
    case "unreachable":
      if (isOutcomeUnknown(task, outcome)) return finishUnknown(message);
      return retryOr(failed("DROPLET_UNREACHABLE", message), "no answer came", situation);
  }
}

/** A begun attempt was found unfinished: its worker is gone. `attempts` includes the lost one. */
export function decideAfterLoss(
  task: Task,
  attempts: readonly Attempt[],
): { kind: "finish"; end: TaskEnd } | { kind: "go_on" } {
  if (task.delivery === "at_most_once") {
    const message = "The worker vanished after the request may have been sent";
    return { kind: "finish", end: failed("OUTCOME_UNKNOWN", message) };
  }
  if (lostAttempts(attempts) < LOST_ATTEMPTS_MAX) return { kind: "go_on" };
  return { kind: "finish", end: workerLostEnd() };
}

export function workerLostEnd(): TaskEnd {
  const message = `${LOST_ATTEMPTS_MAX} workers vanished while calling the droplet for this task`;
  return failed("WORKER_LOST", message);
}

export function cancelledEnd(): TaskEnd {
  return { status: "cancelled", error: { code: "CANCELLED", message: "Cancelled on request" } };
}

/** Of a task with `when_open: fail` whose caller was refused because the circuit opened while it waited. */
export function withdrawnEnd(): TaskEnd {
  const message = "Withdrawn: the circuit opened before an attempt began, and when_open is fail";
  return { status: "cancelled", error: { code: "CANCELLED", message } };
}

export function deadlineEnd(): TaskEnd {
  const message = "deadline_ms passed before the task could end";
  return { status: "timeout", error: { code: "DEADLINE_EXCEEDED", message } };
}

function decideOnAnswer(situation: Situation): NextStep {
  const status = situation.outcome.status ?? 0;
  if (isSuccessStatus(status)) {
    return finish({ status: "success", error: null }, `${status} is success`);
  }
  const end = failed("DROPLET_ERROR", `Droplet answered ${status}`);
  if (!isRetryableStatus(status)) return finish(end, `${status} would be answered again`);
  if (situation.task.delivery === "at_most_once") {
    return finish(end, `${status}, and at_most_once never sends twice`);
  }
  return retryOr(end, `${status} may pass`, situation);
}

/** Retries if retries and time are left; else ends, as `timeout` when it is time that ran out. */
function retryOr(end: TaskEnd, reason: string, situation: Situation): NextStep {
  const { task, earlier, outcome, durationMs, nowMs } = situation;
  const retryNumber = retriesDecided(earlier) + 1;
  if (retryNumber > task.maxRetries) {
    return finish(end, `${reason}, but all ${task.maxRetries} retries are made`);
  }
  const delayMs = Math.max(backoffMs(retryNumber), outcome.retryAfterMs ?? 0);
  if (task.deadlineAt !== null && nowMs + delayMs >= task.deadlineAt) {
    return finish(deadlineEnd(), `${reason}, but a retry in ${delayMs} ms would miss the deadline`);
  }
  const used = usedMs(earlier) + durationMs;
  if (used + delayMs >= task.timeoutMs) {
    const why = `a retry in ${delayMs} ms would reach past timeout_ms (${task.timeoutMs})`;
    return finish(timedOut(`Out of time: ${why}`), `${reason}, but ${why}`);
  }
  const decision = `${reason}: retry ${retryNumber} of ${task.maxRetries} in ${delayMs} ms`;
  return { kind: "retry", delayMs, decision };
}

function isOutcomeUnknown(task: Task, outcome: Outcome): boolean {
  return task.delivery === "at_most_once" && outcome.certainty !== "not_sent";
}

function finishUnknown(message: string): NextStep {
  const end = failed("OUTCOME_UNKNOWN", `Sent, but no response came: ${message}`);
  return finish(end, "sent once, and at_most_once never sends twice");
}

function finish(end: TaskEnd, decision: string): NextStep {
  return { kind: "finish", end, decision };
}

function failed(code: TaskErrorCode, message: string): TaskEnd {
  return { status: "error", error: { code, message } };
}

function timedOut(message: string): TaskEnd {
  return { status: "timeout", error: { code: "TIMEOUT", message } };
}
