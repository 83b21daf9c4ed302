import { HTTP_STATUS_BY_ERROR_CODE, type ErrorCode } from "@orchestrator/contract";

/** A request we decline: the caller's doing, or a state the caller should know of. Answered, never logged whole. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: ErrorCode;
  readonly httpStatus: number;
  readonly details: Record<string, unknown>;
  readonly headers: Record<string, string>;

  /** @param options.retryAfterS answered as `Retry-After` */
  constructor(
    code: ErrorCode,
    message: string,
    details: Record<string, unknown> = {},
    options: {
      retryAfterS?: number;
      headers?: Record<string, string>;
      /** Where the contract gives this code another status than its usual one. */
      httpStatus?: number;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.httpStatus = options.httpStatus ?? HTTP_STATUS_BY_ERROR_CODE[code];
    this.details = details;
    this.headers = {
      ...options.headers,
      ...(options.retryAfterS !== undefined && { "Retry-After": String(options.retryAfterS) }),
    };
  }
}
