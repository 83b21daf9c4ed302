import { z } from "zod";
import { TaskListQuery } from "./task-list-query.ts";
import { TaskStatus } from "./task-status.ts";

/** Names of server-sent events. `retrying` is queued again after an attempt; the last four end the task. */
export const TASK_EVENTS = [
  "queued",
  "running",
  "retrying",
  "success",
  "error",
  "timeout",
  "cancelled",
] as const;
export type TaskEventName = (typeof TASK_EVENTS)[number];

/** The data of a server-sent event. */
export const TaskEvent = z.object({
  task_id: z.string(),
  status: TaskStatus.describe("As in the record: `queued` for the event `retrying`."),
  droplet_name: z.string(),
  trace_id: z.string(),
  retry_count: z.number().int().describe("Retries made so far."),
  at: z.number().describe("When it happened, in epoch seconds."),
});
export type TaskEvent = z.infer<typeof TaskEvent>;

/** The data of the event `reset`: what came between is no longer known. */
export const EventsReset = z.object({ reason: z.string() });
export type EventsReset = z.infer<typeof EventsReset>;

const LAST_EVENT_ID = "For clients that cannot send the header Last-Event-ID, which beats it.";

/** The query of GET /tasks/{id}/events. */
export const TaskEventsQuery = z.object({
  last_event_id: z
    .string()
    .regex(/^(\d{1,6}|end)$/, "is not an id of this stream")
    .optional()
    .describe(LAST_EVENT_ID),
});

/** The query of GET /tasks/events: the filters of GET /tasks. */
export const EventsQuery = TaskListQuery.pick({
  status: true,
  droplet_name: true,
  requested_by: true,
  trace_id: true,
}).extend({
  last_event_id: z
    .string()
    .regex(/^\d{1,15}-\d{1,15}(?:-\d{1,3})?$/, "is not an id of this stream")
    .optional()
    .describe(LAST_EVENT_ID),
});
export type EventsQuery = z.infer<typeof EventsQuery>;
