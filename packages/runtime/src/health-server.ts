import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { listen } from "./listen.ts";
import type { Listening, ListenOptions } from "./listen.ts";
import type { Logger } from "./logger.ts";
import type { MetricsText } from "./metrics.ts";

const PREFIX = "/orchestrator";
const WELL_FORMED_TRACE_ID = /^[A-Za-z0-9._-]{1,128}$/;

export interface Readiness {
  readonly ready: boolean;
  /** Why not; empty when ready. */
  readonly reasons: readonly string[];
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface HealthServerOptions extends ListenOptions {
  /** Answered from memory: probes come every few seconds and must not wait for a dependency. */
  readonly isReady: () => Readiness | Promise<Readiness>;
  readonly metricsText: () => Promise<MetricsText>;
  readonly log: Pick<Logger, "error">;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly allow?: string;
}

type Sources = Pick<HealthServerOptions, "isReady" | "metricsText">;

/**
 * `/healthz/live`, `/healthz/ready` and `/metrics`, at the root and under `/orchestrator`, for a process without a web
 * framework. Rejects as `listen` does.
 */
export function startHealthServer(options: HealthServerOptions): Promise<Listening> {
  const server = createServer((request, response) => void respond(request, response, options));
  return listen(server, options);
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  options: HealthServerOptions,
): Promise<void> {
  const traceId = takeTraceId(request);
  const { status, contentType, body, allow } = await answerOrFail(request, traceId, options);
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-trace-id": traceId,
    "x-request-id": traceId,
    ...(allow && { allow }),
  });
  // Node itself drops the body of an answer to HEAD.
  response.end(body);
}

async function answerOrFail(
  { method = "GET", url = "/" }: IncomingMessage,
  traceId: string,
  { log, ...sources }: HealthServerOptions,
): Promise<Answer> {
  try {
    return await answer(method, url, traceId, sources);
  } catch (error) {
    log.error({ event: "healthRequest.failed", trace_id: traceId, method, url, err: error });
    return refusal(500, "INTERNAL_ERROR", "Internal error", traceId);
  }
}

async function answer(
  method: string,
  url: string,
  traceId: string,
  sources: Sources,
): Promise<Answer> {
  const path = resourcePath(url);
  const read = resources.get(path);
  if (!read) return refusal(404, "NOT_FOUND", `No resource at ${path}`, traceId);
  if (method !== "GET" && method !== "HEAD") {
    const message = `${method} is not allowed on ${path}`;
    return { ...refusal(405, "METHOD_NOT_ALLOWED", message, traceId), allow: "GET, HEAD" };
  }
  return await read(sources);
}

const resources = new Map<string, (sources: Sources) => Answer | Promise<Answer>>([
  ["/healthz/live", () => json(200, { status: "live" })],

  [
    "/healthz/ready",
    async ({ isReady }) => {
      const { ready, reasons, details } = await isReady();
      return ready
        ? json(200, { status: "ready", details })
        : json(503, { status: "not_ready", reasons, details });
    },
  ],

  ["/metrics", async ({ metricsText }) => ({ status: 200, ...(await metricsText()) })],
]);

/** The path without query, without the prefix that proxies may strip, and without a trailing slash. */
function resourcePath(url: string): string {
  const path = url.replace(/[?#].*$/s, "").replace(/\/$/, "");
  return (path.startsWith(`${PREFIX}/`) ? path.slice(PREFIX.length) : path) || "/";
}

function takeTraceId({ headers }: IncomingMessage): string {
  const given = [headers["x-trace-id"], headers["x-request-id"]].find(
    (id) => typeof id === "string" && WELL_FORMED_TRACE_ID.test(id),
  );
  return typeof given === "string" ? given : randomUUID();
}

function refusal(status: number, code: string, message: string, traceId: string): Answer {
  return json(status, {
    status: "error",
    error: { code, message, details: {} },
    trace_id: traceId,
    timestamp: new Date().toISOString(),
  });
}

function json(status: number, body: unknown): Answer {
  return { status, contentType: "application/json; charset=utf-8", body: JSON.stringify(body) };
}
