import { Refusal } from "../http/refusal.ts";
import { acceptTask, readRepeat, type AcceptContext } from "./accept-task.ts";
import { joinKnown, mismatch, submitOnce, type SubmittedOnce } from "./submit-once.ts";
import type { Submission, Wait } from "./submit-task.ts";
import { isWithdrawn } from "./withdraw-task.ts";

/** What a request is refused with because of the list of droplets, not because of itself. */
const LIST_REFUSALS: ReadonlySet<string> = new Set(["DROPLET_NOT_FOUND", "REGISTRY_ERROR"]);

/**
 * Accepts and submits what a caller sent. A repeat under its Idempotency-Key gets its task or result also when the
 * droplet has left the list since.
 * @throws {Refusal}
 */
export async function acceptOnce(
  body: unknown,
  context: AcceptContext,
  wait: Wait,
  submission: Submission,
): Promise<SubmittedOnce> {
  try {
    const accepted = acceptTask(body, context);
    return await submitOnce(accepted, wait, submission);
  } catch (error) {
    if (!(error instanceof Refusal) || !LIST_REFUSALS.has(error.code)) throw error;
    const repeated = await repeat(body, context, wait, submission);
    if (repeated === null) throw error;
    return repeated;
  }
}

/** Null when the request has no key, or its key stands for nothing that was ever taken. */
async function repeat(
  body: unknown,
  context: AcceptContext,
  wait: Wait,
  submission: Submission,
): Promise<SubmittedOnce | null> {
  const accepted = readRepeat(body, context);
  const { keyed } = accepted;
  if (keyed === null) return null;
  const { claims, ledger } = submission.store;
  const found = await claims.find(keyed.claim, keyed.fingerprint);
  if (found?.kind === "mismatch") throw mismatch(found.taskId);
  if (found?.kind !== "known") return null;
  const record = await ledger.records.show(found.task.id);
  const isTaken = record === null ? found.end !== null : !isWithdrawn(record);
  return isTaken ? await joinKnown(accepted, found, wait, submission) : null;
}
