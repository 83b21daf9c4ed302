import { z } from "zod";
import { TASK_ERROR_CODES } from "./error-codes.ts";
import { METHODS, PRIORITIES } from "./task-request.ts";
import { TaskStatus } from "./task-status.ts";

/** Seconds since 1970, fractional: the unit of every time on the wire. */
const epochSeconds = z.number();

export const TaskError = z.object({
  code: z.enum(TASK_ERROR_CODES),
  message: z.string(),
  details: z.record(z.string(), z.unknown()),
});
export type TaskError = z.infer<typeof TaskError>;

export const AttemptRecord = z.object({
  number: z.number().int(),
  started_at: epochSeconds,
  duration_ms: z.number(),
  outcome: z.enum(["responded", "not_sent", "sent_no_response"]),
  response_status: z.number().int().nullable(),
  error: z.string().nullable(),
  retry_in_ms: z.number().nullable(),
  decision: z.string().describe("Why it was, or was not, tried again."),
});
export type AttemptRecord = z.infer<typeof AttemptRecord>;

/** What GET /tasks/{id} shows. */
export const TaskRecord = z.object({
  id: z.string(),
  task_id: z.string(),
  droplet_name: z.string(),
  method: z.enum(METHODS),
  path: z.string(),
  target_url: z.string().nullable(),
  status: TaskStatus,
  response_status: z.number().int().nullable(),
  response_headers: z.record(z.string(), z.string()).nullable(),
  response_body: z.unknown(),
  retry_count: z.number().int(),
  created_at: epochSeconds,
  started_at: epochSeconds.nullable(),
  next_attempt_at: epochSeconds.nullable(),
  completed_at: epochSeconds.nullable(),
  duration_ms: z.number(),
  error_message: z.string().nullable(),
  error: TaskError.nullable(),
  meta: z.record(z.string(), z.unknown()),
  priority: z.enum(PRIORITIES),
  trace_id: z.string(),
  replayed_from: z.string().nullable(),
  attempts: z.array(AttemptRecord),
});
export type TaskRecord = z.infer<typeof TaskRecord>;

/** The answer to a caller whose task ended in time: the seven first fields are always there. */
export const TaskResult = TaskRecord.pick({
  task_id: true,
  status: true,
  target_url: true,
  response_status: true,
  response_body: true,
  retry_count: true,
  duration_ms: true,
  trace_id: true,
  response_headers: true,
  error: true,
}).extend({ warnings: z.array(z.string()).optional() });
export type TaskResult = z.infer<typeof TaskResult>;

/** The answer to a caller whose task goes on without them. */
export const TaskAccepted = z.object({
  task_id: z.string(),
  status: z.enum(["queued", "running"]),
  trace_id: z.string(),
  replayed_from: z.string().optional(),
  warnings: z.array(z.string()).optional(),
});
export type TaskAccepted = z.infer<typeof TaskAccepted>;
