import {
  isEnded,
  type AttemptRecord,
  type TaskError,
  type TaskRecord,
} from "@orchestrator/contract";
import { retriesMade, truncatedBody, type Attempt } from "@orchestrator/core";
import type { StoredTask } from "./stored-task.ts";

const seconds = (ms: number): number => ms / 1000;
const secondsOrNull = (ms: number | null): number | null => (ms === null ? null : ms / 1000);

/**
 * The record as GET /tasks/{id} shows it.
 * @param wholeBody the body kept beside the record, undefined when there is none (any more)
 */
export function showRecord(stored: StoredTask, wholeBody: unknown, nowMs: number): TaskRecord {
  const { task, response, end } = stored;
  const error: TaskError | null = end?.error ? { ...end.error, details: {} } : null;
  return {
    id: task.id,
    task_id: task.id,
    droplet_name: task.dropletName,
    method: task.method,
    path: task.path,
    target_url: stored.targetUrl,
    status: stored.status,
    response_status: response?.status ?? null,
    response_headers: response?.headers ?? null,
    response_body: responseBody(stored, wholeBody),
    retry_count: retriesMade(stored.attempts, stored.open !== null),
    created_at: seconds(task.createdAt),
    started_at: secondsOrNull(stored.firstStartedAt),
    next_attempt_at: secondsOrNull(stored.nextAttemptAt),
    completed_at: secondsOrNull(stored.completedAt),
    duration_ms: durationMs(stored, nowMs),
    error_message: error?.message ?? null,
    error,
    meta: task.meta,
    priority: task.priority,
    trace_id: task.traceId,
    replayed_from: task.replayedFrom,
    attempts: stored.attempts.map((attempt) => showAttempt(attempt)),
  };
}

function responseBody({ response }: StoredTask, wholeBody: unknown): unknown {
  if (response === null) return null;
  if (response.body !== undefined) return response.body;
  return wholeBody === undefined ? truncatedBody(response.bodyBytes) : wholeBody;
}

/** First attempt's start to the end, waits included; 0 when none was made. */
function durationMs(stored: StoredTask, nowMs: number): number {
  if (stored.firstStartedAt === null) return 0;
  const until = isEnded(stored.status) ? (stored.completedAt ?? nowMs) : nowMs;
  return Math.max(0, until - stored.firstStartedAt);
}

function showAttempt(attempt: Attempt): AttemptRecord {
  return {
    number: attempt.number,
    started_at: seconds(attempt.startedAt),
    duration_ms: attempt.durationMs,
    outcome: attempt.outcome,
    response_status: attempt.responseStatus,
    error: attempt.error,
    retry_in_ms: attempt.retryInMs,
    decision: attempt.decision,
  };
}
