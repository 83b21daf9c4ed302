import type { TaskRecord, TaskStatus } from "@orchestrator/contract";
import { ownWriting } from "../redis/own-writing.ts";
import { showRecord } from "./show-record.ts";
import { parseStoredTask } from "./stored-task.ts";

/** What a process hears when a task that somebody waits for has ended. */
export interface EndNotice {
  taskId: string;
  /** The record as the contract shows it; null when its body is kept beside it and has to be fetched. */
  record: () => TaskRecord | null;
}

/** Reads what `announce_end` published: id, status, whether a body is kept beside it, sealed record, one to a line. */
export function parseEndNotice(message: string): EndNotice {
  const [taskId = "", status = "", hasBody = ""] = message.split("\n", 3);
  const sealed = message.slice(taskId.length + status.length + hasBody.length + 3);
  return { taskId, record: () => (hasBody === "1" ? null : readRecord(taskId, status, sealed)) };
}

function readRecord(taskId: string, status: string, sealed: string): TaskRecord | null {
  const stored = parseStoredTask(taskId, { s: ownWriting<TaskStatus>(status), z: sealed });
  return stored && showRecord(stored, undefined, Date.now());
}
