import { SECONDS_BUCKETS } from "@orchestrator/queue";
import type { Metrics } from "@orchestrator/runtime";
import type { NextFunction, Request, RequestHandler, Response, Router } from "express";

const PREFIX = /^\/orchestrator(?=\/|$)/;

/**
 * Counts and times requests by what they ask for: the first segment of the path when one of our routes begins
 * with it (`tasks`, `health`, …), `root`, or `other`. So a scanner that tries a thousand paths makes one series.
 */
export function countRequests(metrics: Metrics, routers: readonly Router[]): RequestHandler {
  const classes = new Set(["admin", ...routers.flatMap((router) => firstSegments(router))]);
  const requests = metrics.counter({
    name: "orchestrator_http_requests_total",
    help: "Requests answered, by the first segment of the path and the class of the status.",
    labelNames: ["route", "status"],
  });
  const durations = metrics.histogram({
    name: "orchestrator_http_request_duration_seconds",
    help: "From the request's head to the end of its answer, the wait for a task included.",
    labelNames: ["route"],
    buckets: SECONDS_BUCKETS,
  });
  return (request: Request, response: Response, next: NextFunction) => {
    const startedAt = performance.now();
    response.on("close", () => {
      const route = routeClass(request.originalUrl, classes);
      durations.observe({ route }, (performance.now() - startedAt) / 1000);
      requests.inc({ route, status: statusClass(response) });
    });
    next();
  };
}

function firstSegments({ stack }: Router): string[] {
  return stack.flatMap(({ route }) => {
    const segment = segmentOf(route?.path ?? "");
    return segment === "" || segment.startsWith(":") ? [] : [segment];
  });
}

function routeClass(url: string, classes: ReadonlySet<string>): string {
  const segment = segmentOf(url.replace(PREFIX, ""));
  if (segment === "") return "root";
  return classes.has(segment) ? segment : "other";
}

function segmentOf(path: string): string {
  return /^\/?([^/?#]*)/.exec(path)?.[1] ?? "";
}

/** `aborted`: the caller was gone before the answer was out. */
function statusClass(response: Response): string {
  return response.writableFinished ? `${Math.floor(response.statusCode / 100)}xx` : "aborted";
}
