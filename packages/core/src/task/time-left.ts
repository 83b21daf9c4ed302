import { isLost, type Attempt } from "./attempt.ts";
import type { Task } from "./task.ts";

/** Why an attempt would be stopped when its limit passes. */
export type LimitReason = "attempt_timeout" | "time_up" | "deadline";

export interface AttemptLimit {
  /** Never below 1, so that a request started at the last moment still fails by its limit. */
  ms: number;
  reason: LimitReason;
}

/**
 * Time used up of `timeout_ms`: attempts and the waits decided between them. Time the task was parked
 * (pause, rate limit, open circuit, backlog) is not in it, nor is an attempt that vanished with its worker.
 */
export function usedMs(attempts: readonly Attempt[]): number {
  return attempts
    .filter((attempt) => !isLost(attempt))
    .reduce((sum, attempt) => sum + attempt.durationMs + (attempt.retryInMs ?? 0), 0);
}

/** How long the next attempt may take, and which promise ends it. */
export function attemptLimit(task: Task, earlier: readonly Attempt[], nowMs: number): AttemptLimit {
  const candidates: AttemptLimit[] = [
    { ms: task.timeoutMs - usedMs(earlier), reason: "time_up" },
    { ms: task.attemptTimeoutMs, reason: "attempt_timeout" },
  ];
  if (task.deadlineAt !== null) {
    candidates.push({ ms: task.deadlineAt - nowMs, reason: "deadline" });
  }
  const tightest = candidates.reduce((best, next) => (next.ms < best.ms ? next : best));
  return { ms: Math.max(1, tightest.ms), reason: tightest.reason };
}

export function isPastDeadline(task: Task, nowMs: number): boolean {
  return task.deadlineAt !== null && nowMs >= task.deadlineAt;
}
