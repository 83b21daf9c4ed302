import type { Method, TaskRequest } from "@orchestrator/contract";
import type { Task, TaskCallback } from "./task.ts";

/** What configuration decides where the caller did not. */
export interface TaskDefaults {
  timeoutMs: number;
  maxRetries: number;
}

/** What acceptance knows beside the request. */
export interface Acceptance {
  id: string;
  dropletName: string;
  callbackDropletName: string | null;
  path: string;
  traceId: string;
  traceparent: string | null;
  caller: string | null;
  claim: string | null;
  replayedFrom: string | null;
  hops: number;
  nowMs: number;
}

/** A slow POST or PATCH must not be doubled by our own impatience. */
const SHARES_TIMEOUT: ReadonlySet<Method> = new Set(["GET", "PUT", "DELETE"]);

/** Fills in every default, so that the task means the same for ever. */
export function newTask(request: TaskRequest, defaults: TaskDefaults, accepted: Acceptance): Task {
  const timeoutMs = request.timeout_ms ?? defaults.timeoutMs;
  const { nowMs, callbackDropletName, ...identity } = accepted;
  return {
    ...identity,
    method: request.method,
    priority: request.priority,
    meta: request.meta,
    createdAt: nowMs,
    delayMs: request.delay_ms,
    deadlineAt: request.deadline_ms === undefined ? null : nowMs + request.deadline_ms,
    timeoutMs,
    attemptTimeoutMs: attemptTimeoutMs(request, timeoutMs),
    maxRetries: request.max_retries ?? defaults.maxRetries,
    delivery: request.delivery,
    callback:
      request.callback && callbackDropletName !== null
        ? { dropletName: callbackDropletName, path: request.callback.path, ...defaults }
        : null,
  };
}

function attemptTimeoutMs(request: TaskRequest, timeoutMs: number): number {
  if (request.attempt_timeout_ms !== undefined) {
    return Math.min(request.attempt_timeout_ms, timeoutMs);
  }
  return SHARES_TIMEOUT.has(request.method) ? Math.max(1, Math.floor(timeoutMs / 3)) : timeoutMs;
}

/** The task that carries the final record of another to where its caller wanted it. It has no callback itself. */
export function callbackTask(of: Task, callback: TaskCallback, id: string, nowMs: number): Task {
  return {
    id,
    dropletName: callback.dropletName,
    method: "POST",
    path: callback.path,
    priority: of.priority,
    meta: { callback_of: of.id },
    traceId: of.traceId,
    traceparent: of.traceparent,
    caller: of.caller,
    createdAt: nowMs,
    delayMs: 0,
    deadlineAt: null,
    timeoutMs: callback.timeoutMs,
    attemptTimeoutMs: callback.timeoutMs,
    maxRetries: callback.maxRetries,
    delivery: "at_least_once",
    callback: null,
    replayedFrom: null,
    hops: of.hops,
    claim: null,
  };
}

/** The same work again as a new task; the time it may take starts anew. */
export function replayTask(
  of: Task,
  replay: {
    id: string;
    traceId: string;
    traceparent: string | null;
    delayMs: number;
    nowMs: number;
  },
): Task {
  const { nowMs, ...anew } = replay;
  const deadlineMs = of.deadlineAt === null ? null : of.deadlineAt - of.createdAt - of.delayMs;
  return {
    ...of,
    ...anew,
    createdAt: nowMs,
    deadlineAt: deadlineMs === null ? null : nowMs + anew.delayMs + deadlineMs,
    replayedFrom: of.id,
    claim: null,
  };
}
