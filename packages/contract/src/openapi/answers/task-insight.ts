import { z } from "zod";
import { METHODS } from "../../task-request.ts";

/** GET /admin/tasks/{id}: what an operator wants to know of a task beyond its record. */
export const TaskInsight = z.object({
  task_id: z.string(),
  request: z.object({
    method: z.enum(METHODS),
    path: z.string(),
    headers: z
      .record(z.string(), z.string())
      .describe("Of the first attempt: the caller's, secrets taken out, and what we add to them."),
    payload: z.unknown().describe("Secrets taken out; null when there was none, or it is gone."),
    payload_chars: z.number().int().describe("Of the whole payload as JSON."),
    kept: z.boolean().describe("Whether the input is still there: without it, no replay."),
  }),
  settings: z.object({
    delivery: z.enum(["at_least_once", "at_most_once"]),
    timeout_ms: z.number(),
    attempt_timeout_ms: z.number(),
    max_retries: z.number().int(),
    delay_ms: z.number(),
    deadline_at: z.number().nullable().describe("Epoch seconds."),
    idempotency_key: z.boolean().describe("Whether the caller gave one."),
    caller: z.string().nullable().describe("Who was signed in."),
  }),
  callback: z
    .object({
      task_id: z.string().describe("The task that tells of the end, once there is one."),
      droplet_name: z.string(),
      path: z.string(),
    })
    .nullable(),
  ancestors: z
    .array(z.string())
    .describe("What it replays, and what that replayed, as far as the history goes back."),
});
