import { createHash } from "node:crypto";
import { callbackTask, type Task } from "@orchestrator/core";
import type { TaskClaims } from "./claims/task-claims.ts";
import type { JobData } from "./dispatch/job-data.ts";
import type { TaskRecords } from "./records/task-records.ts";

export interface AfterEnd {
  records: TaskRecords;
  claims: TaskClaims;
  submit: (data: JobData) => Promise<void>;
}

/**
 * What the end of a task sets off: its claim keeps the result, its callback becomes a task of its own. Doing it
 * twice is doing it once: whoever finds an ended task whose end may not have been followed up does it again.
 */
export async function followUpEnd(
  task: Task,
  { records, claims, submit }: AfterEnd,
): Promise<void> {
  if (task.claim === null && task.callback === null) return;
  const record = await records.show(task.id);
  if (record === null) return;
  if (task.claim !== null) await claims.settle(task.claim, record);
  if (task.callback !== null) {
    const callback = callbackTask(task, task.callback, callbackId(task.id), Date.now());
    await submit({ v: 1, task: callback, payload: record, headers: {}, replyChannel: null });
  }
}

/** The same for every try to submit it, so that a task has exactly one callback. */
export function callbackId(taskId: string): string {
  const digits = createHash("sha256").update(`callback of ${taskId}`).digest("hex");
  // The bits that make it a UUID of version 8 (RFC 9562): made by rules of our own.
  const parts = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ];
  return parts.join("-");
}
