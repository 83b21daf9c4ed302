import type { TaskRecord } from "@orchestrator/contract";
import type { Task, WaitPreference } from "@orchestrator/core";
import {
  afterAwake,
  type JobData,
  type Store,
  type WaiterTable,
  type WaitResult,
} from "@orchestrator/queue";
import { Refusal } from "../http/refusal.ts";
import type { AcceptedTask } from "./accept-task.ts";
import type { Admission } from "./admission.ts";
import type { QueueDepths } from "./queue-depths.ts";
import { isWithdrawn, withdrawUnbegun } from "./withdraw-task.ts";

/** Redis has this long to take a task, our own stalls not counted: a caller hears within 2 s. */
export const ADD_WITHIN_MS = 1800;
export const QUEUE_RETRY_AFTER_S = 2;

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
export type ToSubmit = WaitedFor & Pick<AcceptedTask, "input">;

/** A task, and what its caller wants should it be held up by an open circuit. */
type WaitedFor = Pick<AcceptedTask, "task"> & { whenOpen?: "queue" | "fail" };

/**
 * Queues the task and waits for its end as long as the caller wants, and no longer once its queue stands still. A
 * caller who hangs up changes nothing.
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
  const waiter =
    waits && wait.kind === "wait" ? waiters.expect(task.id, wait.ms, task.dropletName) : null;
  depths.added(task.dropletName);
  try {
    const data = { v: 1, task, ...input, replyChannel: waiter ? replyChannel : null } as const;
    await submitWithin(data, "soon", store);
  } catch (error) {
    waiter?.cancel();
    throw queueUnavailable(task.id, error);
  }
  const claiming = acceptClaim(task, store).catch(onError);
  if (waiter === null) {
    await claiming;
    return { kind: "accepted", status: "queued", retryAfterS: retryAfterS(task, submission) };
  }
  const result = await waiter.result;
  const record = waiter.ending();
  if (record !== null && !isWithdrawn(record)) return { kind: "ended", record };
  return await answerAfter(result, { task, whenOpen }, submission);
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
    await submitWithin({ v: 1, task, ...input, replyChannel: null }, "at_once", store);
  } catch (error) {
    throw queueUnavailable(task.id, error);
  }
  await acceptClaim(task, store).catch(onError);
  return await holdUntilEnd({ task, whenOpen }, wait, submission);
}

/**
 * Waits for a task that somebody else submitted; `task` is known to be queued or to have a record.
 * @throws {Refusal} OVERLOADED when too many wait already, CIRCUIT_OPEN as `submitTask`
 */
export async function joinTask(
  joined: WaitedFor,
  wait: Wait,
  submission: Submission,
): Promise<Submitted> {
  const { admission } = submission;
  if (admission.isCrowded && canEndInTime(joined.task, wait, submission)) throw admission.crowded();
  return await holdUntilEnd(joined, wait, submission);
}

async function holdUntilEnd(
  joined: WaitedFor,
  wait: Wait,
  submission: Submission,
): Promise<Submitted> {
  const { store, waiters, replyChannel } = submission;
  const { task } = joined;
  let result: WaitResult = "time_up";
  if (wait.kind === "wait" && canEndInTime(task, wait, submission)) {
    const waiter = waiters.expect(task.id, wait.ms, task.dropletName);
    try {
      const watched = await store.ledger.records.watch(task.id, replyChannel);
      if (watched === "will_be_told") result = await waiter.result;
    } finally {
      waiter.cancel();
    }
  }
  return await answerAfter(result, joined, submission);
}

/** @throws {Refusal} CIRCUIT_OPEN when the task waited for a circuit its caller does not want to wait for */
async function answerAfter(
  result: WaitResult,
  { task, whenOpen = "queue" }: WaitedFor,
  submission: Submission,
): Promise<Submitted> {
  const { admission, onError } = submission;
  if (result === "parked" && whenOpen === "fail" && admission.isCircuitOpen(task)) {
    // What cannot be taken back now goes on, and is answered so.
    await withdrawUnbegun(task, submission).catch(onError);
  }
  const submitted = await lookUp(task, submission);
  if (submitted.kind === "ended" && isWithdrawn(submitted.record)) {
    throw admission.circuitOpen(task);
  }
  return submitted;
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

async function acceptClaim(task: Task, { claims }: Store): Promise<void> {
  if (task.claim !== null) await claims.accept(task.claim, task.id);
}

/** Submits a task, or fails within 2 s. Submitting what is there already changes nothing. */
async function submitWithin(
  data: JobData,
  listing: "at_once" | "soon",
  { ledger }: Store,
): Promise<void> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const cancel = afterAwake(ADD_WITHIN_MS, () => reject(new Error("Command timed out")));
  try {
    await Promise.race([ledger.submit(data, listing), tooLate]);
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
