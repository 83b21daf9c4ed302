/** Written by `npm run generate` from packages/contract, so that the published package needs nothing else. */

/** Every code a refused request can carry. */
export type ErrorCode =
  | "INVALID_REQUEST"
  | "DROPLET_NOT_FOUND"
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "TASK_NOT_FOUND"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "TASK_FINISHED"
  | "PAYLOAD_TOO_LARGE"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "IDEMPOTENCY_MISMATCH"
  | "RATE_LIMITED"
  | "QUEUE_FULL"
  | "INTERNAL_ERROR"
  | "REGISTRY_ERROR"
  | "CIRCUIT_OPEN"
  | "QUEUE_UNAVAILABLE"
  | "OVERLOADED"
  | "LOOP_DETECTED";

/** Why a task that was accepted did not end as `success`. */
export type TaskErrorCode =
  | "DROPLET_ERROR"
  | "DROPLET_UNREACHABLE"
  | "TIMEOUT"
  | "DEADLINE_EXCEEDED"
  | "OUTCOME_UNKNOWN"
  | "CANCELLED"
  | "RESPONSE_TOO_LARGE"
  | "BAD_RESPONSE"
  | "TARGET_FORBIDDEN"
  | "WORKER_LOST";
