import { z } from "zod";
import { ERROR_CODES } from "../../error-codes.ts";
import { TaskRecord } from "../../task-record.ts";
import { METHODS } from "../../task-request.ts";
import { CacheStatus, Circuit, ServedFrom } from "./droplet-answers.ts";

/** One page of GET /tasks. */
export const TaskPage = z.object({
  tasks: z.array(TaskRecord).describe("Newest first; bodies over 10 KB are never whole here."),
  total: z.number().int().describe("Everything that matches, whatever the page holds."),
  limit: z.number().int(),
  next_cursor: z.string().nullable().describe("Null on the last page."),
});

const RefusedItem = z.object({
  error: z.object({
    code: z.enum(ERROR_CODES),
    message: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
});
const QueuedItem = z.object({
  task_id: z.string(),
  status: z.literal("queued"),
  warnings: z.array(z.string()).optional(),
});

/** What became of a batch. */
export const BatchAnswer = z.object({
  results: z.array(z.union([QueuedItem, RefusedItem])).describe("In the order of the request."),
  accepted: z.number().int(),
  refused: z.number().int(),
});

/** How many tasks a bulk replay would be for. */
export const ReplayCount = z.object({
  dry_run: z.literal(true),
  matched: z.number().int(),
  starts_within_ms: z.number().int().describe("When the last of them would start, from now."),
  per_second: z
    .object({ first: z.number().int(), most: z.number().int() })
    .describe("How many would start in the first second, and in the busiest."),
});

/** What became of a bulk replay. */
export const ReplayAnswer = z.object({
  dry_run: z.literal(false),
  matched: z.number().int(),
  replayed: z.number().int(),
  skipped: z.number().int().describe("Their input was not kept, or they are running again."),
  task_ids: z.array(z.string()).describe("The new tasks."),
});

const setting = <Value extends z.ZodType>(value: Value) =>
  z.object({ value, source: z.enum(["request", "default", "configuration"]) });

/** How a task would be treated. */
export const TaskExplanation = z.object({
  dry_run: z.literal(true),
  droplet_name: z.string(),
  method: z.enum(METHODS),
  target_url: z.string().nullable(),
  list: z.object({
    age_seconds: z.number().nullable(),
    cache_status: CacheStatus,
    served_from: ServedFrom,
  }),
  settings: z.object({
    priority: setting(z.string()),
    delay_ms: setting(z.number()),
    deadline_ms: setting(z.number().nullable()),
    timeout_ms: setting(z.number()),
    attempt_timeout_ms: setting(z.number()),
    max_retries: setting(z.number()),
    delivery: setting(z.string()),
    when_open: setting(z.string()),
    callback: setting(z.object({ droplet_name: z.string(), path: z.string() }).nullable()),
  }),
  retry_schedule_ms: z.array(z.number()).describe("The waits before each retry, in order."),
  queue: z.object({
    waiting: z.number().int(),
    delayed: z.number().int(),
    active: z.number().int(),
    paused: z.boolean(),
  }),
  expected_wait_ms: z.number().nullable().describe("Null while too little is known."),
  circuit: Circuit,
  warnings: z.array(z.string()),
});
