import { z } from "zod";
import { TaskListQuery } from "./task-list-query.ts";

/** Which ended tasks a bulk replay is for. `dry_run` only counts them. */
export const ReplayRequest = TaskListQuery.pick({
  droplet_name: true,
  since: true,
  until: true,
})
  .extend({
    status: z.enum(["success", "error", "timeout", "cancelled"]).optional(),
    dry_run: z.boolean().default(false),
  })
  .refine((filter) => Object.keys(filter).some((name) => name !== "dry_run"), {
    message: "name at least one of status, droplet_name, since, until",
  });
export type ReplayRequest = z.infer<typeof ReplayRequest>;
export type ReplayFilter = Omit<ReplayRequest, "dry_run">;

/** How many tasks one batch may hold. */
export const BATCH_TASKS_MAX = 1000;

/** A batch: each task is checked for itself. */
export const BatchRequest = z.object({ tasks: z.array(z.unknown()).min(1).max(BATCH_TASKS_MAX) });
