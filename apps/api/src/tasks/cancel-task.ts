import type { TaskRecord } from "@orchestrator/contract";
import { cancelledEnd } from "@orchestrator/core";
import type { EndVerdict, StoredTask } from "@orchestrator/queue";
import { Refusal } from "../http/refusal.ts";
import { taskNotFound } from "./read-record.ts";
import type { Submission } from "./submit-task.ts";

export interface Cancellation {
  /** False while a worker still has to abort the request: the record tells how it ends. */
  isDone: boolean;
  record: TaskRecord;
}

/**
 * Cancels a task: at once when it waits in its queue, else by a stored wish that the worker holding it obeys,
 * or the next one should that worker die.
 * @throws {Refusal} TASK_NOT_FOUND, TASK_FINISHED
 */
export async function cancelTask(taskId: string, { store }: Submission): Promise<Cancellation> {
  const { ledger, redis, keys } = store;
  const found = await ledger.records.wishCancel(taskId, Date.now());
  const stored = found.status === "missing" ? null : await ledger.records.read(taskId);
  if (stored === null) throw taskNotFound(taskId);
  if (found.status !== "queued" && found.status !== "running") {
    throw finished(taskId, found.status);
  }
  const verdict = await endUnlessRunning(stored, store);
  if (verdict === "running") await redis.publish(keys.cancelChannel, taskId);
  const record = await ledger.records.show(taskId);
  if (record === null) throw taskNotFound(taskId);
  // It ended between our two steps, and not as we wished.
  if (verdict !== "running" && record.status !== "cancelled") throw finished(taskId, record.status);
  // Its worker may have obeyed the wish before it could be told: then it was running all the same.
  const wasCalled = found.status === "running" || record.attempts.length > found.attemptsBegun;
  return { isDone: verdict === "ended" || (verdict === "refused" && !wasCalled), record };
}

async function endUnlessRunning(
  stored: StoredTask,
  { ledger, queues }: Submission["store"],
): Promise<EndVerdict> {
  const { task, attempts } = stored;
  const job = await queues.find(task.dropletName, task.id);
  const { kind } = await ledger.endOutsideJob(
    {
      task,
      end: cancelledEnd(),
      nowMs: Date.now(),
      attempt: null,
      response: null,
      targetUrl: null,
      replyChannel: job?.replyChannel ?? null,
      input: job,
    },
    attempts,
  );
  return kind;
}

function finished(taskId: string, status: string): Refusal {
  const details = { task_id: taskId, status };
  return new Refusal("TASK_FINISHED", `The task has ended as ${status}`, details);
}
