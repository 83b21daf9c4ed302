import type { TaskRecord } from "@orchestrator/contract";
import type { Store } from "@orchestrator/queue";
import { Refusal } from "../http/refusal.ts";

/** @throws {Refusal} TASK_NOT_FOUND */
export async function readRecord(taskId: string, { ledger }: Store): Promise<TaskRecord> {
  const record = await ledger.records.show(taskId);
  if (record === null) throw taskNotFound(taskId);
  return record;
}

export function taskNotFound(taskId: string): Refusal {
  const shown = taskId.slice(0, 100);
  return new Refusal("TASK_NOT_FOUND", `There is no task '${shown}'`, { task_id: shown });
}
