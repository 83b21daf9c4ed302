import type { Task } from "@orchestrator/core";
import type { TaskInput } from "../records/stored-task.ts";

/**
 * What a job carries: everything needed to run the task and to rebuild its record.
 * `v` tells versions of this format apart; a worker must run what the previous version wrote.
 */
export interface JobData extends TaskInput {
  v: 1;
  task: Task;
  /** Where the submitting process waits for the end; null when nobody does. */
  replyChannel: string | null;
}
