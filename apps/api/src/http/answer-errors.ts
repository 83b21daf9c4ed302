import type { ErrorResponse } from "@orchestrator/contract";
import { isRedisTrouble } from "@orchestrator/queue";
import type { Logger } from "@orchestrator/runtime";
import type { ErrorRequestHandler, NextFunction, Request, Response } from "express";
import { Refusal } from "./refusal.ts";
import { traceIdOfResponse } from "./trace-id.ts";

/** How soon a caller may try again when Redis is away. */
const QUEUE_RETRY_AFTER_S = 2;

/** The one place where an error becomes an answer: refusals as they are, everything else without detail. */
export function answerErrors(log: Logger): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const refusal = asRefusal(error);
    const trace_id = traceIdOfResponse(response);
    const where = { method: request.method, url: request.originalUrl, trace_id };
    if (refusal.code === "INTERNAL_ERROR")
      log.error({ event: "request.crashed", ...where, err: error });
    else if (refusal.code === "QUEUE_UNAVAILABLE") {
      log.warn({ event: "request.refused", ...where, code: refusal.code, err: refusal.cause });
    }
    const body: ErrorResponse = {
      status: "error",
      error: { code: refusal.code, message: refusal.message, details: refusal.details },
      trace_id,
      timestamp: new Date().toISOString(),
    };
    response.locals["errorCode"] = refusal.code;
    response.status(refusal.httpStatus).set(refusal.headers).json(body);
  };
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (isRedisTrouble(error)) {
    return new Refusal(
      "QUEUE_UNAVAILABLE",
      "Redis cannot be reached",
      {},
      {
        retryAfterS: QUEUE_RETRY_AFTER_S,
        cause: error,
      },
    );
  }
  return (
    bodyRefusal(error) ?? new Refusal("INTERNAL_ERROR", "Internal error", {}, { cause: error })
  );
}

/** What Express's body parser complains about, told apart by its `type`. */
function bodyRefusal(error: unknown): Refusal | null {
  if (!(error instanceof Error) || !("type" in error)) return untypedRefusal(error);
  switch (error.type) {
    case "entity.parse.failed":
      return new Refusal("INVALID_REQUEST", "The body is not valid JSON", {
        issues: [{ path: "", message: error.message }],
      });
    case "entity.too.large":
      return new Refusal("PAYLOAD_TOO_LARGE", "The body is larger than BODY_MAX", {
        limit_bytes: "limit" in error ? error.limit : undefined,
      });
    case "charset.unsupported":
    case "encoding.unsupported":
      return new Refusal("UNSUPPORTED_MEDIA_TYPE", error.message);
    case "request.aborted":
    case "request.size.invalid":
      return new Refusal("INVALID_REQUEST", error.message);
    default:
      return null;
  }
}

/** A path with a broken percent-encoding, or a body that is not compressed as it claims. */
function untypedRefusal(error: unknown): Refusal | null {
  if (error instanceof URIError) return new Refusal("INVALID_REQUEST", "The URL is malformed");
  const isCallers = error instanceof Error && "status" in error && error.status === 400;
  return isCallers ? new Refusal("INVALID_REQUEST", `Unreadable: ${error.message}`) : null;
}

export function methodNotAllowed(...allowed: string[]) {
  return (request: Request): never => {
    const allow = allowed.join(", ");
    throw new Refusal(
      "METHOD_NOT_ALLOWED",
      `${request.method} is not allowed here`,
      { allowed },
      { headers: { Allow: allow } },
    );
  };
}

export function nothingHere(request: Request): never {
  throw new Refusal("NOT_FOUND", `There is nothing at ${request.path.slice(0, 200)}`);
}
