/** BullMQ's exponential backoff starts here and doubles: 1, 2, 4, … s. */
export const BACKOFF_BASE_MS = 1000;

/** Answers below 500 that ask to be tried again (RFC 9110, RFC 8470, RFC 6585). */
const RETRYABLE_BELOW_500 = new Set([408, 425, 429]);

/** 501 and 505 will say the same for ever. */
const FINAL_ABOVE_500 = new Set([501, 505]);

/** The wait before retry n (1-based), as BullMQ's `exponential` computes it. */
export function backoffMs(retryNumber: number): number {
  return BACKOFF_BASE_MS * 2 ** (retryNumber - 1);
}

/** The waits a task with this many retries would go through, before any Retry-After. */
export function backoffSchedule(maxRetries: number): number[] {
  return Array.from({ length: maxRetries }, (_, index) => backoffMs(index + 1));
}

export function isSuccessStatus(status: number): boolean {
  return status >= 200 && status < 300;
}

export function isRetryableStatus(status: number): boolean {
  if (RETRYABLE_BELOW_500.has(status)) return true;
  return status >= 500 && !FINAL_ABOVE_500.has(status);
}
