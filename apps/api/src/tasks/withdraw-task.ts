import type { TaskRecord } from "@orchestrator/contract";
import { withdrawnEnd, type Task } from "@orchestrator/core";
import type { Submission } from "./submit-task.ts";

/**
 * Takes back a task whose caller would rather be refused than wait for an open circuit. Only while no attempt was
 * made: what the droplet may have seen is not taken back, and goes on. Its Idempotency-Key is free again.
 */
export async function withdrawUnbegun(task: Task, { store }: Submission): Promise<void> {
  const { ledger, queues, claims } = store;
  const stored = await ledger.records.read(task.id);
  if (stored === null || stored.open !== null || stored.attempts.length > 0) return;
  const job = await queues.find(task.dropletName, task.id);
  const { kind } = await ledger.endOutsideJob({
    task: stored.task,
    end: withdrawnEnd(),
    nowMs: Date.now(),
    attempt: null,
    response: null,
    targetUrl: null,
    replyChannel: job?.replyChannel ?? null,
    input: job,
  });
  if (kind === "ended" && stored.task.claim !== null) {
    await claims.forget(stored.task.claim, task.id);
  }
}

/** Whether a task ended so: to its caller it was refused. */
export function isWithdrawn({ status, error }: TaskRecord): boolean {
  return status === "cancelled" && error?.message === withdrawnEnd().error?.message;
}
