import type { TaskRecord } from "@orchestrator/contract";
import type { Task, WaitPreference } from "@orchestrator/core";
import { afterAwake, type JobData, type Store, type WaiterTable } from "@orchestrator/queue";
import { Refusal } from "../http/refusal.ts";
import type { AcceptedTask } from "./accept-task.ts";
import type { Admission } from "./admission.ts";
import type { QueueDepths } from "./queue-depths.ts";

/** Redis has this long to take a task, our own stalls not counted: a caller hears within 2 s. */
const ADD_WITHIN_MS = 1800;
const QUEUE_RETRY_AFTER_S = 2;

export interface Submission {
  store: Store;
  waiters: WaiterTable;
  admission: Admission;
  depths: QueueDepths;
  /** This process's channel, on which workers announce ends. */
  replyChannel: string;
  onError: (error: unknown) => void;
}

/** How long a caller wants to be held; what cannot be read has been refused. */
export type Wait = Exclude<WaitPreference, { kind: "invalid" }>;

/** What the caller gets: the record of a task that ended in time, or word that it goes on. */
export type Submitted =
  | { kind: "ended"; record: TaskRecord }
  | { kind: "accepted"; status: "queued" | "running"; retryAfterS: number };

/** A task that was accepted and is to be queued. */
export type ToSubmit = Pick<AcceptedTask, "task" | "input"> & { whenOpen?: "queue" | "fail" };

/**
 * Queues the task and waits for its end as long as the caller wants. A caller who hangs up changes nothing.
 * @throws {Refusal} when it cannot be taken now; only after QUEUE_UNAVAILABLE may it be queued all the same
 */
export async function submitTask(
  { task, input, whenOpen = "queue" }: ToSubmit,
  wait: Wait,
  submission: Submission,
): Promise<Submitted> {
  const { store, waiters, replyChannel, onError, admission, depths } = submission;
  const waits = canEndInTime(task, wait, submission);
  admission.admit(task, { whenOpen, waits });
  // Expect before adding: the end may come before the add has been confirmed.
  const waiter = waits && wait.kind === "wait" ? waiters.expect(task.id, wait.ms) : null;
  depths.added(task.dropletName);
  try {
    await addWithin({ v: 1, task, ...input, replyChannel: waiter ? replyChannel : null }, store);
  } catch (error) {
    waiter?.cancel();
    throw queueUnavailable(task.id, error);
  }
  // The job is the truth from here on: a record that cannot be written now is made by the worker.
  const recorded = writeDown(task, store).catch(onError);
  if (waiter === null) {
    await recorded;
    return { kind: "accepted", status: "queued", retryAfterS: retryAfterS(task, submission) };
  }
  await waiter.result;
  return await lookUp(task, submission);
}

/**
 * Adds a task that somebody else may have added under the same id, or may be about to. Whose job it becomes is left
 * open, so its end is waited for like that of any other's task.
 * @throws {Refusal} as `submitTask`
 */
export async function submitAgain(
  { task, input, whenOpen = "queue" }: ToSubmit,
  wait: Wait,
  submission: Submission,
): Promise<Submitted> {
  const { store, onError, admission } = submission;
  admission.admit(task, { whenOpen, waits: canEndInTime(task, wait, submission) });
  try {
    await addWithin({ v: 1, task, ...input, replyChannel: null }, store);
  } catch (error) {
    throw queueUnavailable(task.id, error);
  }
  await writeDown(task, store).catch(onError);
  return await joinTask(task, wait, submission);
}

/** Waits for a task that somebody else submitted; `task` is known to be queued or to have a record. */
export async function joinTask(task: Task, wait: Wait, submission: Submission): Promise<Submitted> {
  const { store, waiters, replyChannel } = submission;
  if (wait.kind === "wait" && canEndInTime(task, wait, submission)) {
    const waiter = waiters.expect(task.id, wait.ms);
    try {
      const watched = await store.ledger.records.watch(task.id, replyChannel);
      if (watched === "will_be_told") await waiter.result;
    } finally {
      waiter.cancel();
    }
  }
  return await lookUp(task, submission);
}

/** A task that cannot start within the wait (delay, pause, open circuit) is answered at once. */
function canEndInTime(task: Task, wait: Wait, { admission }: Submission): boolean {
  if (wait.kind !== "wait" || task.delayMs >= wait.ms) return false;
  return admission.parkedForS(task.dropletName) === 0;
}

/** When it is worth asking again. */
function retryAfterS(task: Task, { admission }: Submission): number {
  const delayS = Math.ceil((task.createdAt + task.delayMs - Date.now()) / 1000);
  return Math.max(1, delayS, admission.parkedForS(task.dropletName));
}

async function writeDown(task: Task, { ledger, claims }: Store): Promise<void> {
  await ledger.submitted(task);
  if (task.claim !== null) await claims.accept(task.claim, task.id);
}

/** Adds a task, or fails within 2 s. Adding what is there already changes nothing. */
async function addWithin(data: JobData, { queues }: Store): Promise<void> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const cancel = afterAwake(ADD_WITHIN_MS, () => reject(new Error("Command timed out")));
  try {
    await Promise.race([queues.add(data), tooLate]);
  } finally {
    cancel();
  }
}

/** The state after the wait. A record that cannot be read says nothing about the task: it goes on. */
async function lookUp(task: Task, submission: Submission): Promise<Submitted> {
  const goesOn = { kind: "accepted", retryAfterS: retryAfterS(task, submission) } as const;
  try {
    const record = await submission.store.ledger.records.show(task.id);
    if (record?.completed_at != null) return { kind: "ended", record };
    return { ...goesOn, status: record?.status === "running" ? "running" : "queued" };
  } catch (error) {
    submission.onError(error);
    return { ...goesOn, status: "queued" };
  }
}

function queueUnavailable(taskId: string, cause: unknown): Refusal {
  const message = "Redis did not take the task in time; it may have been taken all the same";
  const options = { retryAfterS: QUEUE_RETRY_AFTER_S, cause };
  return new Refusal("QUEUE_UNAVAILABLE", message, { task_id: taskId }, options);
}
