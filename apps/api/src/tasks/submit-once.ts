import type { ClaimVerdict } from "@orchestrator/queue";
import { Refusal } from "../http/refusal.ts";
import type { AcceptedTask } from "./accept-task.ts";
import {
  joinTask,
  submitAgain,
  submitTask,
  type Submission,
  type Submitted,
  type Wait,
} from "./submit-task.ts";
import { isWithdrawn } from "./withdraw-task.ts";

/** What a keyed request comes to: the task it stands for, which may be older than the request. */
export interface SubmittedOnce {
  /** The task that counts: ours, or the one the key has stood for. */
  accepted: AcceptedTask;
  submitted: Submitted;
  /** Its end was known before we asked: answered `Idempotency-Replayed: true`. */
  isReplay: boolean;
}

type Known = Extract<ClaimVerdict, { kind: "known" }>;

/**
 * Submits a task under its Idempotency-Key: the first request makes it, every other one joins it or gets its
 * result. Whoever finds a claim whose task was never seen repeats the add under the same id.
 * @throws {Refusal} IDEMPOTENCY_MISMATCH when the key stands for another request
 */
export async function submitOnce(
  accepted: AcceptedTask,
  wait: Wait,
  submission: Submission,
): Promise<SubmittedOnce> {
  const { task, keyed } = accepted;
  if (keyed === null) {
    return { accepted, submitted: await submitTask(accepted, wait, submission), isReplay: false };
  }
  const { claims } = submission.store;
  const verdict = await claims.claim(keyed.claim, task, keyed.fingerprint);
  switch (verdict.kind) {
    case "mismatch":
      throw mismatch(verdict.taskId);
    case "claimed":
      return {
        accepted,
        submitted: await submitClaimed(accepted, wait, submission),
        isReplay: false,
      };
    case "known":
      return await joinKnown(accepted, verdict, wait, submission);
  }
}

export function mismatch(taskId: string): Refusal {
  const message = "This Idempotency-Key was used for a different request";
  return new Refusal("IDEMPOTENCY_MISMATCH", message, { task_id: taskId });
}

/** A request that is refused leaves no claim; one whose fate Redis keeps to itself does. */
async function submitClaimed(
  accepted: AcceptedTask,
  wait: Wait,
  submission: Submission,
): Promise<Submitted> {
  try {
    return await submitTask(accepted, wait, submission);
  } catch (error) {
    const { keyed, task } = accepted;
    const isUnqueued = error instanceof Refusal && error.code !== "QUEUE_UNAVAILABLE";
    if (keyed !== null && isUnqueued) await submission.store.claims.release(keyed.claim, task.id);
    throw error;
  }
}

/** Joins the task a key stands for, or gives its result. */
export async function joinKnown(
  accepted: AcceptedTask,
  known: Known,
  wait: Wait,
  submission: Submission,
): Promise<SubmittedOnce> {
  const { ledger } = submission.store;
  const task = { ...accepted.task, ...known.task };
  const joined = { ...accepted, task };
  const record = await ledger.records.show(task.id);
  if (record !== null && isWithdrawn(record)) {
    return await submitAnew(accepted, known, wait, submission);
  }
  if (record?.completed_at != null) {
    return { accepted: joined, submitted: { kind: "ended", record }, isReplay: true };
  }
  if (record === null && known.end !== null) return trimmed(joined, known.end);
  if (record === null && !known.isAccepted) {
    return {
      accepted: joined,
      submitted: await submitAgain(joined, wait, submission),
      isReplay: false,
    };
  }
  return { accepted: joined, submitted: await joinTask(joined, wait, submission), isReplay: false };
}

/** What the key stood for was taken back, as if it had been refused; whoever did it could not free the key. */
async function submitAnew(
  accepted: AcceptedTask,
  known: Known,
  wait: Wait,
  submission: Submission,
): Promise<SubmittedOnce> {
  const { keyed } = accepted;
  if (keyed !== null) await submission.store.claims.forget(keyed.claim, known.task.id);
  return await submitOnce(accepted, wait, submission);
}

/** The task is no longer in the history: the claim still knows how it ended. */
function trimmed(joined: AcceptedTask, end: NonNullable<Known["end"]>): SubmittedOnce {
  const warning = "the task is no longer in the history: its response body is gone";
  return {
    accepted: { ...joined, warnings: [...joined.warnings, warning] },
    submitted: { kind: "ended", record: end },
    isReplay: true,
  };
}
