import { randomUUID } from "node:crypto";
import { parseTraceparent, traceIdOf } from "@orchestrator/core";
import type { NextFunction, Request, Response } from "express";

/** Gives every request its trace id, taken from the caller when well formed, and every response the same. */
export function traceId(request: Request, response: Response, next: NextFunction): void {
  const id =
    traceIdOf({
      traceparent: request.get("traceparent"),
      xTraceId: request.get("x-trace-id"),
      xRequestId: request.get("x-request-id"),
    }) ?? randomUUID();
  response.locals["traceId"] = id;
  response.setHeader("X-Trace-ID", id);
  response.setHeader("X-Request-ID", id);
  next();
}

export function traceIdOfResponse(response: Response): string {
  return String(response.locals["traceId"] ?? "");
}

/** From now on what this request does hangs below a span of ours. */
export function continueTraceFrom(response: Response, traceparent: string): void {
  response.locals["traceparent"] = traceparent;
}

/** What work for this request continues: our own span when it is traced, else the caller's if that is well formed. */
export function traceparentOf(request: Request): string | null {
  const ours: unknown = request.res?.locals["traceparent"];
  if (typeof ours === "string") return ours;
  const header = request.get("traceparent");
  return header !== undefined && parseTraceparent(header) !== null ? header : null;
}
