import type { TaskRecord } from "@orchestrator/contract";
import type { Store } from "@orchestrator/queue";
import { Refusal } from "../http/refusal.ts";
import { onceRecorded } from "./once-recorded.ts";

/** @throws {Refusal} TASK_NOT_FOUND */
export async function readRecord(taskId: string, { ledger }: Store): Promise<TaskRecord> {
  const show = async (): Promise<TaskRecord | null> => await ledger.records.show(taskId);
  const record = await onceRecorded(show, (found) => found === null);
  if (record === null) throw taskNotFound(taskId);
  return record;
}

export function taskNotFound(taskId: string): Refusal {
  const shown = taskId.slice(0, 100);
  return new Refusal("TASK_NOT_FOUND", `There is no task '${shown}'`, { task_id: shown });
}
