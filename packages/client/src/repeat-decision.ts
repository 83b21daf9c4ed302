import type { ErrorCode } from "./contract/error-codes.ts";
import { RefusedError, UnexpectedAnswerError } from "./orchestrator-error.ts";

/**
 * `safe`: doing it twice is doing it once (reads, and whatever carries an Idempotency-Key).
 * `unsafe`: repeated only where nothing can have been done.
 */
export type Repeatability = "safe" | "unsafe";

const FIRST_DELAY_MS = 200;
const DELAY_MS_MAX = 10_000;

/** Answers of proxies that lost the service for a moment. */
const PASSING_STATUSES = new Set([408, 429, 502, 503, 504]);

/** Refusals that pass, and leave nothing behind. */
const NOTHING_DONE = new Set<ErrorCode>([
  "RATE_LIMITED",
  "QUEUE_FULL",
  "OVERLOADED",
  "REGISTRY_ERROR",
]);

/** Whether the same request may do better later, and does no harm. */
export function isWorthRepeating(error: unknown, repeatability: Repeatability): boolean {
  if (error instanceof RefusedError) {
    if (NOTHING_DONE.has(error.code)) return true;
    // It may have been taken all the same.
    return error.code === "QUEUE_UNAVAILABLE" && repeatability === "safe";
  }
  if (error instanceof UnexpectedAnswerError) {
    return repeatability === "safe" && PASSING_STATUSES.has(error.status);
  }
  return repeatability === "safe";
}

/**
 * How long to wait before the next try: doubling from 200 ms to 10 s, less up to a half by chance so that many callers
 * do not come back at once; never less than the service asked for.
 * @param failures so far, from 1
 * @param chance between 0 and 1
 */
export function repeatDelayMs(
  failures: number,
  retryAfterMs: number | null,
  chance: number,
): number {
  const doubled = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), DELAY_MS_MAX);
  return Math.max(doubled * (1 - chance / 2), retryAfterMs ?? 0);
}
