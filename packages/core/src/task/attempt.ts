import type { Certainty } from "./outcome.ts";

/** One HTTP request that was made for a task, as the record keeps it. Times are epoch milliseconds. */
export interface Attempt {
  number: number;
  startedAt: number;
  durationMs: number;
  outcome: Certainty;
  responseStatus: number | null;
  /** The error code of this attempt, null when the droplet answered. */
  error: string | null;
  /** How long until the next attempt, null when there is none. */
  retryInMs: number | null;
  /** Why it was, or was not, tried again. */
  decision: string;
}

/** An attempt whose worker vanished is not a retry and costs no time of the task's own. */
export function isLost(attempt: Attempt): boolean {
  return attempt.error === "WORKER_LOST";
}

export function lostAttempts(attempts: readonly Attempt[]): number {
  return attempts.filter(isLost).length;
}

/** Retries that were decided on, whether or not the next attempt has begun. */
export function retriesDecided(attempts: readonly Attempt[]): number {
  return attempts.filter((attempt) => attempt.retryInMs !== null).length;
}

/**
 * `retry_count`: retries really made. The last decision only counts once its attempt has begun.
 */
export function retriesMade(attempts: readonly Attempt[], hasOpenAttempt: boolean): number {
  const pending = !hasOpenAttempt && attempts.at(-1)?.retryInMs != null;
  return retriesDecided(attempts) - (pending ? 1 : 0);
}
