import { createHash, randomBytes } from "node:crypto";
import { parseTraceparent, toTraceparent } from "@orchestrator/core";
import type { SpanStart, Tracing } from "@orchestrator/runtime";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import { continueTraceFrom, traceIdOfResponse, traceparentOf } from "../http/trace-id.ts";

/** Asked every few seconds by machines: their spans would bury the others. */
const UNTRACED = /^(\/orchestrator)?\/(health|healthz|metrics|admin)(?=[/?]|$)/;

const hexSources = {
  randomHex: (bytes: number) => randomBytes(bytes).toString("hex"),
  hashHex: (text: string) => createHash("sha256").update(text).digest("hex"),
};

/**
 * A SERVER span per request, below the caller's span when there is one. Tasks that the request makes continue from
 * it. A trace that begins here has the request's own trace id, so that log lines and spans find each other.
 */
export function traceRequests(tracing: Tracing): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    if (UNTRACED.test(request.originalUrl)) {
      next();
      return;
    }
    const span = tracing.start(spanOf(request, response));
    continueTraceFrom(response, span.traceparent);
    response.on("close", () => {
      const route = routeOf(request);
      const { statusCode } = response;
      const taskId: unknown = response.locals["taskId"];
      span.end({
        name: route === null ? request.method : `${request.method} ${route}`,
        error: statusCode >= 500 ? String(statusCode) : null,
        attributes: {
          ...(route !== null && { "http.route": route }),
          ...(response.writableFinished
            ? { "http.response.status_code": statusCode }
            : { "orchestrator.caller_gone": true }),
          ...(typeof taskId === "string" && { "orchestrator.task.id": taskId }),
        },
      });
    });
    next();
  };
}

function spanOf(request: Request, response: Response): SpanStart {
  const traceId = traceIdOfResponse(response);
  return {
    name: request.method,
    kind: "server",
    parent: traceparentOf(request),
    traceId: parseTraceparent(toTraceparent(traceId, hexSources))?.traceId ?? "",
    attributes: {
      "http.request.method": request.method,
      "url.path": request.originalUrl.split("?", 1)[0] ?? "",
      "orchestrator.trace_id": traceId,
    },
  };
}

/** The pattern, the same with and without the prefix: few names of spans, whatever is asked for. */
function routeOf({ route }: Request): string | null {
  const matched: unknown = route;
  if (typeof matched !== "object" || matched === null || !("path" in matched)) return null;
  return typeof matched.path === "string" ? matched.path : null;
}
