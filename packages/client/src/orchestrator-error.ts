import type { ErrorCode, TaskErrorCode } from "./contract/error-codes.ts";
import type { TaskResult } from "./contract/tasks.ts";

interface RefusalFacts {
  code: ErrorCode;
  message: string;
  /** The HTTP status it travelled under. */
  status: number;
  details: Record<string, unknown>;
  traceId: string;
  /** What Retry-After asked for, in ms. */
  retryAfterMs: number | null;
}

/** The Orchestrator declined the request: `code` is from the contract's closed list. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: Record<string, unknown>;
  readonly traceId: string;
  readonly retryAfterMs: number | null;

  constructor({ code, message, status, details, traceId, retryAfterMs }: RefusalFacts) {
    super(message);
    this.code = code;
    this.status = status;
    this.details = details;
    this.traceId = traceId;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer came: no connection, a cut one, or none in time. What was asked may have been done all the same. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  readonly code = "UNREACHABLE";
  /** Where nobody answered: scheme, host and port. */
  readonly origin: string;

  constructor(origin: string, reason: string, options: { cause?: unknown } = {}) {
    super(`no answer from ${origin}: ${reason}`, options);
    this.origin = origin;
  }
}

/** Something answered that does not speak the contract: a proxy, or another service. */
export class UnexpectedAnswerError extends Error {
  override readonly name = "UnexpectedAnswerError";
  readonly code = "UNEXPECTED_ANSWER";
  readonly status: number;
  /** The beginning of what it said. */
  readonly excerpt: string;

  constructor(status: number, excerpt: string) {
    super(`an answer that is not the Orchestrator's: HTTP ${status}`);
    this.status = status;
    this.excerpt = excerpt;
  }
}

/** A task ended, and not as `success`: thrown by `expectSuccess` alone. */
export class TaskFailedError extends Error {
  override readonly name = "TaskFailedError";
  readonly code: TaskErrorCode;
  readonly result: TaskResult;

  constructor(result: TaskResult, { code, message }: { code: TaskErrorCode; message: string }) {
    super(message);
    this.code = code;
    this.result = result;
  }
}

/** The time to wait is over and the task goes on: `taskId` is where to ask later. */
export class StillRunningError extends Error {
  override readonly name = "StillRunningError";
  readonly code = "STILL_RUNNING";
  readonly taskId: string;

  constructor(taskId: string, status: string) {
    super(`task ${taskId} has not ended in time: it is ${status}`);
    this.taskId = taskId;
  }
}

/** Everything the client throws beside the reason of your own AbortSignal; `code` tells them apart. */
export type OrchestratorError =
  | RefusedError
  | UnreachableError
  | UnexpectedAnswerError
  | TaskFailedError
  | StillRunningError;

/** Whether it is a refusal, of these codes if any are named. */
export function isRefused(error: unknown, ...codes: ErrorCode[]): error is RefusedError {
  return error instanceof RefusedError && (codes.length === 0 || codes.includes(error.code));
}

/** The result itself when the task succeeded. @throws {TaskFailedError} with the code of how it ended */
export function expectSuccess<Result extends TaskResult>(result: Result): Result {
  if (result.status === "success") return result;
  const { error } = result;
  throw new TaskFailedError(result, error ?? { code: "OUTCOME_UNKNOWN", message: result.status });
}
