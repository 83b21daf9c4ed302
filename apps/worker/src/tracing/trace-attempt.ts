import { parseTraceparent, type Attempt, type Outcome, type Task } from "@orchestrator/core";
import type { Span, SpanAttributes, Tracing } from "@orchestrator/runtime";
import { attemptTraceparent } from "../attempt/attempt-traceparent.ts";

export interface AttemptEnd {
  outcome: Outcome;
  targetUrl: URL | null;
  decision: string;
  endedAt: number;
}

export interface AttemptTrace {
  /** Sent to the droplet: names this attempt's span. */
  traceparent: string;
  end(end: AttemptEnd): void;
}

/**
 * The spans of one attempt, below the request that made the task: how long the task waited for it in the queue, and
 * the CLIENT span of the call. Without tracing there is only the traceparent, and its span is nobody's.
 */
export function traceAttempt(
  tracing: Tracing | null,
  task: Task,
  { number, startedAt, earlier }: { number: number; startedAt: number; earlier: Attempt[] },
): AttemptTrace {
  const made = attemptTraceparent(task);
  if (tracing === null) return { traceparent: made, end: () => {} };
  const below = {
    parent: task.traceparent,
    // Of a task that came without a trace all spans are in the one that its id stands for.
    traceId: parseTraceparent(made)?.traceId ?? "",
    attributes: {
      "orchestrator.task.id": task.id,
      "orchestrator.trace_id": task.traceId,
      "orchestrator.droplet": task.dropletName,
      "orchestrator.attempt": number,
    },
  };
  tracing
    .start({
      ...below,
      name: "queue wait",
      kind: "internal",
      startedAt: Math.min(startedAt, queuedSince(task, earlier)),
    })
    .end({ endedAt: startedAt });
  const span = tracing.start({
    ...below,
    name: `${task.method} ${task.dropletName}`,
    kind: "client",
    startedAt,
    attributes: { ...below.attributes, "http.request.method": task.method },
  });
  return { traceparent: span.traceparent, end: (end) => endSpan(span, end) };
}

/** When the task could first have been taken for this attempt, its own delay over; a retry's wait is part of it. */
function queuedSince(task: Task, earlier: Attempt[]): number {
  const last = earlier.at(-1);
  return last === undefined ? task.createdAt + task.delayMs : last.startedAt + last.durationMs;
}

function endSpan(span: Span, { outcome, targetUrl, decision, endedAt }: AttemptEnd): void {
  const { certainty, fault, status } = outcome;
  const error = fault ?? (status !== null && status >= 400 ? String(status) : null);
  const attributes: SpanAttributes = {
    "orchestrator.outcome": certainty,
    "orchestrator.decision": decision,
    ...(error !== null && { "error.type": error }),
    ...(status !== null && { "http.response.status_code": status }),
    // Without the query, in which callers are known to put secrets.
    ...(targetUrl !== null && {
      "url.full": targetUrl.origin + targetUrl.pathname,
      "server.address": targetUrl.hostname,
      ...(targetUrl.port !== "" && { "server.port": Number(targetUrl.port) }),
    }),
  };
  span.end({ endedAt, attributes, error: error === null ? null : (outcome.message ?? error) });
}
