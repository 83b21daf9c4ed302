import { z } from "zod";
import { TaskStatus } from "./task-status.ts";

const text = z.string().min(1).max(255);
const epochSeconds = z.coerce.number().min(0).max(1e11);

/** The query of GET /tasks. Out of range is refused, never clamped. */
export const TaskListQuery = z.object({
  status: TaskStatus.optional(),
  droplet_name: text.optional(),
  requested_by: text.optional(),
  trace_id: text.optional(),
  since: epochSeconds.optional().describe("Epoch seconds, created at or after."),
  until: epochSeconds.optional().describe("Epoch seconds, created before or at."),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,200}$/, "is not a cursor we gave out")
    .optional(),
});
export type TaskListQuery = z.infer<typeof TaskListQuery>;
