import type { Task } from "@orchestrator/core";
import type { TaskInput } from "../records/stored-task.ts";

/**
 * What a job carries: everything needed to run the task and to rebuild its record.
 * `v` tells versions of this format apart; a worker must run what the previous version wrote, and leaves alone what a
 * newer one did.
 */
export interface JobData extends TaskInput {
  v: 1;
  task: Task;
  /** Where the submitting process waits for the end; null when nobody does. */
  replyChannel: string | null;
}

const VERSION: JobData["v"] = 1;

/** Whether this version can run the job. The first releases wrote no `v`, and nothing else differs. */
export function isRunnable({ v }: { v?: unknown }): boolean {
  return v === undefined || v === VERSION;
}

/** How a worker came to hold a job, as BullMQ has counted it. */
export interface JobHistory {
  /** No worker has held it before. */
  isFirst: boolean;
  /** A worker that held it vanished. */
  wasStalled: boolean;
}

/** How the JSON of a job begins, up to the task. */
export const JOB_DATA_HEAD = `{"v":${VERSION},"task":`;

/** How it goes on behind the task: that is written once, for the job and for the record. */
export function jobDataTail({ payload, headers, replyChannel }: JobData): string {
  const input = `,"payload":${JSON.stringify(payload)},"headers":${JSON.stringify(headers)}`;
  return `${input},"replyChannel":${JSON.stringify(replyChannel)}}`;
}
