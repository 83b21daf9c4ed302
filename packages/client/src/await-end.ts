import { contractAnswer } from "./contract-answer.ts";
import type { TaskRecord, TaskResult } from "./contract/tasks.ts";
import { StillRunningError } from "./orchestrator-error.ts";
import { sleep } from "./sleep.ts";
import type { Transport } from "./transport.ts";

/** One long poll: short enough for proxies that cut what is silent for 30 s. */
export const POLL_MS = 20_000;

/** A poll that comes back sooner without an end was not held: do not hammer. */
const POLL_MS_MIN = 500;

export interface AwaitOptions {
  /** How long to wait at most, in ms; for ever unless given. */
  maxWaitMs?: number;
  signal?: AbortSignal;
}

/** Whether a task has come to its end. */
export function isEnded({ status }: { status: TaskRecord["status"] }): boolean {
  return status !== "queued" && status !== "running";
}

/**
 * Long-polls a task until it has ended, over restarts of the service.
 * @throws {StillRunningError} after `maxWaitMs`, and what the transport throws: `TASK_NOT_FOUND` for one it does not know
 */
export async function awaitEnd(
  transport: Transport,
  taskId: string,
  { maxWaitMs = Infinity, signal }: AwaitOptions = {},
): Promise<TaskRecord> {
  const until = Date.now() + maxWaitMs;
  for (;;) {
    const askedAt = Date.now();
    const heldMs = Math.max(0, Math.min(POLL_MS, until - askedAt));
    const { body } = await transport.call({
      method: "GET",
      path: `/tasks/${encodeURIComponent(taskId)}`,
      query: { wait: heldMs / 1000 },
      repeatability: "safe",
      heldMs,
      signal,
    });
    const record = contractAnswer<TaskRecord>(body);
    if (isEnded(record)) return record;
    if (Date.now() >= until) throw new StillRunningError(taskId, record.status);
    const tookMs = Date.now() - askedAt;
    if (tookMs < POLL_MS_MIN) await sleep(Math.min(POLL_MS_MIN, until - Date.now()), signal);
  }
}

/** What POST /tasks would have answered for it. */
export function resultOf(record: TaskRecord): TaskResult {
  return {
    task_id: record.task_id,
    status: record.status,
    target_url: record.target_url,
    response_status: record.response_status,
    response_body: record.response_body,
    retry_count: record.retry_count,
    duration_ms: record.duration_ms,
    trace_id: record.trace_id,
    response_headers: record.response_headers,
    error: record.error,
  };
}
