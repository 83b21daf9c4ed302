import type { TaskRecord } from "@orchestrator/contract";
import type { WaitPreference } from "@orchestrator/core";
import type { JobData, Store, WaiterTable } from "@orchestrator/queue";
import { Refusal } from "../http/refusal.ts";
import type { AcceptedTask } from "./accept-task.ts";

/** Redis has this long to take a task: a caller hears within 2 s. */
const ADD_WITHIN_MS = 1800;
const QUEUE_RETRY_AFTER_S = 2;

export interface Submission {
  store: Store;
  waiters: WaiterTable;
  /** This process's channel, on which workers announce ends. */
  replyChannel: string;
  onError: (error: unknown) => void;
}

/** What the caller gets: the record of a task that ended in time, or word that it goes on. */
export type Submitted =
  | { kind: "ended"; record: TaskRecord }
  | { kind: "accepted"; status: "queued" | "running" };

/** Queues the task and waits for its end as long as the caller wants. A caller who hangs up changes nothing. */
export async function submitTask(
  { task, input }: AcceptedTask,
  wait: Exclude<WaitPreference, { kind: "invalid" }>,
  { store, waiters, replyChannel, onError }: Submission,
): Promise<Submitted> {
  const canEndInTime = wait.kind === "wait" && task.delayMs < wait.ms;
  // Expect before adding: the end may come before the add has been confirmed.
  const waiter = canEndInTime ? waiters.expect(task.id, wait.ms) : null;
  try {
    await addWithin({ v: 1, task, ...input, replyChannel: waiter ? replyChannel : null }, store);
  } catch (error) {
    waiter?.cancel();
    throw queueUnavailable(task.id, error);
  }
  // The job is the truth from here on: a record that cannot be written now is made by the worker.
  const recorded = store.ledger.submitted(task).catch(onError);
  if (waiter === null) {
    await recorded;
    return { kind: "accepted", status: "queued" };
  }
  await waiter.result;
  return await lookUp(task.id, store, onError);
}

async function addWithin(data: JobData, { queues }: Store): Promise<void> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("Command timed out")), ADD_WITHIN_MS);
  try {
    await Promise.race([queues.add(data), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** The state after the wait. A record that cannot be read says nothing about the task: it goes on. */
async function lookUp(
  taskId: string,
  { ledger }: Store,
  onError: (error: unknown) => void,
): Promise<Submitted> {
  try {
    const record = await ledger.records.show(taskId);
    if (record?.completed_at != null) return { kind: "ended", record };
    return { kind: "accepted", status: record?.status === "running" ? "running" : "queued" };
  } catch (error) {
    onError(error);
    return { kind: "accepted", status: "queued" };
  }
}

function queueUnavailable(taskId: string, cause: unknown): Refusal {
  const message = "Redis did not take the task in time; it may have been taken all the same";
  const options = { retryAfterS: QUEUE_RETRY_AFTER_S, cause };
  return new Refusal("QUEUE_UNAVAILABLE", message, { task_id: taskId }, options);
}
