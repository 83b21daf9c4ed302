import { z } from "zod";
import { TaskStatus } from "./task-status.ts";

const text = z.string().min(1).max(255);

/** A JSON number, or a decimal one as a query has it: not what JavaScript would take for one (null, "", "0x10"). */
const decimal = z
  .union([z.number(), z.string().regex(/^-?\d{1,16}(\.\d{1,9})?$/)], { error: "must be a number" })
  .pipe(z.coerce.number());
const epochSeconds = decimal.pipe(z.number().min(0).max(1e11));

/** The query of GET /tasks. Out of range is refused, never clamped. */
export const TaskListQuery = z.object({
  status: TaskStatus.optional(),
  droplet_name: text.optional(),
  requested_by: text.optional(),
  trace_id: text.optional(),
  since: epochSeconds.optional().describe("Epoch seconds, created at or after."),
  until: epochSeconds.optional().describe("Epoch seconds, created before or at."),
  error_contains: text
    .optional()
    .describe(
      "Part of the error's code or message, without regard to case. A page then holds what was found among the next 1,000 tasks of the other filters, which may be none although `next_cursor` goes on; `total` counts those of the other filters.",
    ),
  limit: decimal.pipe(z.number().int().min(1).max(1000)).default(100),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,200}$/, "is not a cursor we gave out")
    .optional(),
});
export type TaskListQuery = z.infer<typeof TaskListQuery>;
