import { awaitEnd, isEnded, POLL_MS, resultOf, type AwaitOptions } from "./await-end.ts";
import { contractAnswer } from "./contract-answer.ts";
import type { TaskAccepted, TaskRequest, TaskResult } from "./contract/tasks.ts";
import { isRefused, StillRunningError } from "./orchestrator-error.ts";
import { randomId } from "./random-id.ts";
import type { Transport } from "./transport.ts";

export interface SubmitOptions {
  /**
   * Names the task for its whole life and 24 h beyond: submitting again under the same key joins the task instead
   * of making a second one. A new one for each submission unless given.
   */
  idempotencyKey?: string;
  /** 32 hexadecimal digits or a UUID, in every log line and record of this task; a new one unless given. */
  traceId?: string;
  signal?: AbortSignal;
}

export interface SubmitAndWaitOptions extends SubmitOptions, AwaitOptions {
  /** Told once the service has the task: its id is worth keeping should this process end first. */
  onAccepted?: (accepted: TaskAccepted) => void;
}

/** A task as it stands after it was submitted: taken, or ended already when the key was known. */
export type Submitted = TaskAccepted | TaskResult;

export interface SentTask {
  answer: Submitted;
  /** The key has stood for this task before: nothing new was made. */
  isJoined: boolean;
}

/**
 * Posts a task. Repeating it is safe: every try carries the same Idempotency-Key and so means the same task.
 * @param heldMs how long the service may hold the request for the task to end
 */
export async function sendTask(
  transport: Transport,
  task: TaskRequest,
  heldMs: number,
  { idempotencyKey = randomId(), traceId = randomId(), signal }: SubmitOptions,
): Promise<SentTask> {
  const { body, headers } = await transport.call({
    method: "POST",
    path: "/tasks",
    query: { wait: heldMs === 0 ? false : heldMs / 1000 },
    json: task,
    headers: { "idempotency-key": idempotencyKey, "x-trace-id": traceId },
    repeatability: "safe",
    heldMs,
    signal,
  });
  const answer = contractAnswer<Submitted>(body);
  const isReplay = headers.get("idempotency-replayed") === "true";
  return { answer, isJoined: isReplay || answer.trace_id !== traceId };
}

/**
 * Submits a task and follows it to its end, whatever breaks in between: a lost answer is asked for again under the
 * same key, a 202 is polled.
 * @throws {StillRunningError} after `maxWaitMs`; the task goes on
 */
export async function submitAndAwait(
  transport: Transport,
  task: TaskRequest,
  { maxWaitMs = Infinity, onAccepted, ...options }: SubmitAndWaitOptions,
): Promise<TaskResult> {
  const until = Date.now() + maxWaitMs;
  const keyed = {
    ...options,
    idempotencyKey: options.idempotencyKey ?? randomId(),
    traceId: options.traceId ?? randomId(),
  };
  for (;;) {
    const heldMs = Math.max(0, Math.min(POLL_MS, until - Date.now()));
    const { answer } = await sendTask(transport, task, heldMs, keyed);
    if ("error" in answer && isEnded(answer)) return answer;
    const accepted = contractAnswer<TaskAccepted>(answer);
    onAccepted?.(accepted);
    if (Date.now() >= until) throw new StillRunningError(accepted.task_id, accepted.status);
    try {
      const left = { ...options, maxWaitMs: until - Date.now() };
      return resultOf(await awaitEnd(transport, accepted.task_id, left));
    } catch (error) {
      // Its record is not written yet, or no longer kept: the key knows more than the id.
      if (!isRefused(error, "TASK_NOT_FOUND")) throw error;
    }
  }
}
