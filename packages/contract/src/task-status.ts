import { z } from "zod";

export const TASK_STATUSES = [
  "queued",
  "running",
  "success",
  "error",
  "timeout",
  "cancelled",
] as const;
export const TaskStatus = z.enum(TASK_STATUSES);
export type TaskStatus = z.infer<typeof TaskStatus>;

export type EndedStatus = Exclude<TaskStatus, "queued" | "running">;

export function isEnded(status: TaskStatus): status is EndedStatus {
  return status !== "queued" && status !== "running";
}
