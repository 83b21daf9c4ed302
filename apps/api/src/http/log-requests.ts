import type { Logger } from "@orchestrator/runtime";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import { callerOf } from "../access/caller.ts";
import { traceIdOfResponse } from "./trace-id.ts";

/** One line per request, when its answer is out or its caller is gone. Probes are logged at debug. */
export function logRequests(log: Logger): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const startedAt = performance.now();
    response.on("close", () => {
      const level = request.path.includes("/health") ? "debug" : "info";
      log[level]({
        event: response.writableFinished ? "request.finished" : "request.abandoned",
        method: request.method,
        path: request.originalUrl.split("?", 1)[0],
        status: response.statusCode,
        code: response.locals["errorCode"],
        task_id: response.locals["taskId"],
        trace_id: traceIdOfResponse(response),
        duration_ms: Math.round(performance.now() - startedAt),
        caller: callerOf(response).name ?? undefined,
        remote: request.socket.remoteAddress,
      });
    });
    next();
  };
}
