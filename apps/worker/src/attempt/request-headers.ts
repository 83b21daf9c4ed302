import type { Task } from "@orchestrator/core";

export interface RequestHeadersInput {
  task: Task;
  /** The caller's extra headers, without hop-by-hop ones: acceptance refuses those. */
  extra: Record<string, string>;
  /** Names the span of this attempt. */
  traceparent: string;
  attemptNumber: number;
  limitMs: number;
  hasBody: boolean;
  version: string;
}

/** What every call to a droplet carries. Ours win over a caller's of the same name, however it is spelled. */
export function requestHeaders(input: RequestHeadersInput): Record<string, string> {
  const { task, extra, attemptNumber, limitMs, hasBody, version } = input;
  const ours = {
    "x-task-id": task.id,
    "x-trace-id": task.traceId,
    traceparent: input.traceparent,
    "idempotency-key": task.id,
    "x-attempt": String(attemptNumber),
    "x-request-deadline": String(Math.round(limitMs)),
    "x-orchestrator-hops": String(task.hops),
    "user-agent": `orchestrator/${version}`,
  };
  const type = hasBody ? { "content-type": "application/json" } : null;
  const entries = Object.entries(extra);
  if (entries.length === 0) return { ...type, ...ours };
  const theirs = entries.filter(([name]) => !Object.hasOwn(ours, name.toLowerCase()));
  const hasOwnType = theirs.some(([name]) => name.toLowerCase() === "content-type");
  return {
    ...(!hasOwnType && type),
    ...Object.fromEntries(theirs),
    ...ours,
  };
}
