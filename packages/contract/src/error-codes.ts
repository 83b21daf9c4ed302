/** Every code a refused request can carry. */
export const ERROR_CODES = [
  "INVALID_REQUEST",
  "DROPLET_NOT_FOUND",
  "UNAUTHORIZED",
  "FORBIDDEN",
  "TASK_NOT_FOUND",
  "NOT_FOUND",
  "METHOD_NOT_ALLOWED",
  "TASK_FINISHED",
  "PAYLOAD_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
  "IDEMPOTENCY_MISMATCH",
  "RATE_LIMITED",
  "QUEUE_FULL",
  "INTERNAL_ERROR",
  "REGISTRY_ERROR",
  "CIRCUIT_OPEN",
  "QUEUE_UNAVAILABLE",
  "OVERLOADED",
  "LOOP_DETECTED",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** The HTTP status each refusal travels under: a code without a status does not compile. */
export const HTTP_STATUS_BY_ERROR_CODE = {
  INVALID_REQUEST: 400,
  DROPLET_NOT_FOUND: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  TASK_NOT_FOUND: 404,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  TASK_FINISHED: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  IDEMPOTENCY_MISMATCH: 422,
  RATE_LIMITED: 429,
  QUEUE_FULL: 429,
  INTERNAL_ERROR: 500,
  REGISTRY_ERROR: 503,
  CIRCUIT_OPEN: 503,
  QUEUE_UNAVAILABLE: 503,
  OVERLOADED: 503,
  LOOP_DETECTED: 508,
} as const satisfies Record<ErrorCode, number>;

/** Why a task that was accepted did not end as `success`. */
export const TASK_ERROR_CODES = [
  /** The droplet answered 3xx, 4xx or 5xx: the response is in the record. */
  "DROPLET_ERROR",
  /** No connection, DNS failure, reset, or the droplet left the list. */
  "DROPLET_UNREACHABLE",
  /** `timeout_ms` (or the last attempt's own limit) ran out. */
  "TIMEOUT",
  /** `deadline_ms` ran out. */
  "DEADLINE_EXCEEDED",
  /** at_most_once, the request was sent, and no response came back. */
  "OUTCOME_UNKNOWN",
  "CANCELLED",
  /** The response body was larger than RESPONSE_BODY_MAX. */
  "RESPONSE_TOO_LARGE",
  /** What came back was not HTTP. */
  "BAD_RESPONSE",
  /** The address must not be called; never retried. */
  "TARGET_FORBIDDEN",
  /** Three attempts in a row vanished with their worker. */
  "WORKER_LOST",
] as const;

export type TaskErrorCode = (typeof TASK_ERROR_CODES)[number];
