import { z } from "zod";
import { TaskListQuery } from "../../task-list-query.ts";
import { json, type Endpoint } from "../endpoint.ts";
import { WaitText } from "./wait-text.ts";
import { ACCEPTED, CANCELLED, RECORD, RESULT, RUNNING, TASK_ID } from "./specimens.ts";

const wait = WaitText.optional().describe(
  "`true` waits as long as WAIT_MAX allows, `false` does not wait, a number waits so many seconds. It beats Prefer.",
);

const submitQuery = z.object({
  wait,
  dry_run: z.boolean().optional().describe("Only tells how the task would be treated."),
});

const EXPLANATION = {
  dry_run: true,
  droplet_name: "echo",
  method: "GET",
  target_url: "http://localhost:8010/orders",
  list: { age_seconds: 12.5, cache_status: "active", served_from: "registry" },
  settings: {
    priority: { value: "normal", source: "default" },
    delay_ms: { value: 0, source: "default" },
    deadline_ms: { value: null, source: "default" },
    timeout_ms: { value: 5000, source: "request" },
    attempt_timeout_ms: { value: 1666, source: "default" },
    max_retries: { value: 3, source: "configuration" },
    delivery: { value: "at_least_once", source: "default" },
    when_open: { value: "queue", source: "default" },
    callback: { value: null, source: "default" },
  },
  retry_schedule_ms: [1000, 2000, 4000],
  queue: { waiting: 0, delayed: 0, active: 0, paused: false },
  expected_wait_ms: 0,
  circuit: { state: "closed" },
  warnings: [],
};

const submitTask: Endpoint = {
  method: "post",
  path: "/tasks",
  id: "submitTask",
  tag: "tasks",
  summary: "Submit a task",
  description:
    "Waits for the end unless asked not to. 200 has the outcome, whatever it is; 202 means that the task goes on. Who waits for a task that is queued when the droplet is paused or its circuit opens is answered at once: 202, or with `when_open: fail` 503, and the task is withdrawn unless an attempt was made. A caller who hangs up cancels nothing. Unknown fields are ignored and named in `warnings`. `timeout_ms` is TASK_TIMEOUT and `max_retries` TASK_MAX_RETRIES unless given; `attempt_timeout_ms` is a third of `timeout_ms` for GET, PUT and DELETE, and all of it for POST and PATCH.",
  scope: "submit",
  query: submitQuery,
  headers: ["Prefer", "Idempotency-Key", "traceparent", "X-Trace-ID", "X-Orchestrator-Hops"],
  body: "TaskRequest",
  answers: {
    200: {
      description:
        "The task has ended. With `dry_run=true`: how it would be treated; nothing was made.",
      content: { "application/json": ["TaskResult", "TaskExplanation"] },
      headers: ["Preference-Applied", "Idempotency-Replayed"],
    },
    202: json("TaskAccepted", "The task goes on.", [
      "Location",
      "Retry-After",
      "Preference-Applied",
    ]),
  },
  refusals: [
    "DROPLET_NOT_FOUND",
    "IDEMPOTENCY_MISMATCH",
    "QUEUE_FULL",
    "REGISTRY_ERROR",
    "CIRCUIT_OPEN",
    "QUEUE_UNAVAILABLE",
    "OVERLOADED",
    "LOOP_DETECTED",
  ],
  examples: {
    wait: {
      summary: "Wait for the result",
      body: {
        droplet_name: "echo",
        method: "POST",
        path: "/orders",
        payload: { item: 7 },
        meta: { requested_by: "billing" },
      },
      status: 200,
      answer: RESULT,
    },
    respond_async: {
      summary: "Answer at once",
      headers: { Prefer: "respond-async" },
      body: { droplet_name: "echo", path: "/orders", priority: "low", max_retries: 5 },
      status: 202,
      answer: ACCEPTED,
    },
    idempotent: {
      summary: "Once, however often it is posted",
      query: { wait: 12.5 },
      headers: { "Idempotency-Key": '"order-7"' },
      body: {
        droplet_name: "echo",
        method: "POST",
        path: "/orders",
        payload: { item: 7 },
        delivery: "at_most_once",
        deadline_ms: 60_000,
      },
      status: 200,
      answer: RESULT,
    },
    later: {
      summary: "Later, and tell another droplet of the end",
      body: {
        droplet_name: "echo",
        path: "/orders",
        delay_ms: 3_600_000,
        callback: { droplet_name: "echo", path: "/ended" },
      },
      status: 202,
      answer: ACCEPTED,
    },
    explain: {
      summary: "How would this be treated?",
      query: { dry_run: true },
      body: { droplet_name: "echo", path: "/orders", timeout_ms: 5000 },
      status: 200,
      answer: EXPLANATION,
    },
  },
};

const listTasks: Endpoint = {
  method: "get",
  path: "/tasks",
  id: "listTasks",
  tag: "tasks",
  summary: "List and search tasks",
  description:
    "Newest first; every filter alone or together with others. `requested_by` is that of `meta`. The history keeps the newest TASK_MAX_HISTORY ended tasks for at most 24 h; a task that has not ended is always there.",
  scope: "read",
  query: TaskListQuery,
  answers: { 200: json("TaskPage", "One page.") },
  refusals: ["INVALID_REQUEST", "QUEUE_UNAVAILABLE"],
  examples: {
    filtered: {
      summary: "What succeeded at one droplet",
      query: { status: "success", droplet_name: "echo", requested_by: "billing", limit: 10 },
      status: 200,
      answer: { tasks: [RECORD], total: 1, limit: 10, next_cursor: null },
    },
    by_error: {
      summary: "What failed for a reason",
      query: { error_contains: "unreachable" },
      status: 200,
      answer: { tasks: [], total: 7, limit: 100, next_cursor: null },
    },
    all: {
      summary: "Everything",
      status: 200,
      answer: { tasks: [RECORD], total: 1, limit: 100, next_cursor: null },
    },
  },
};

const readTask: Endpoint = {
  method: "get",
  path: "/tasks/{id}",
  id: "readTask",
  tag: "tasks",
  summary: "Read a task, or wait for its end",
  description:
    "Its record. With `wait` it is answered when the task ends, or as it is when the wait is over.",
  scope: "read",
  query: z.object({ wait }),
  headers: ["Prefer"],
  answers: { 200: json("TaskRecord", "The record.", ["Preference-Applied"]) },
  refusals: ["INVALID_REQUEST", "TASK_NOT_FOUND", "QUEUE_UNAVAILABLE", "OVERLOADED"],
  examples: {
    read: {
      summary: "As it is now",
      path: { id: TASK_ID },
      status: 200,
      answer: RECORD,
    },
    long_poll: {
      summary: "When it has ended",
      path: { id: TASK_ID },
      query: { wait: 5 },
      status: 200,
      answer: RECORD,
    },
  },
};

const cancelTask: Endpoint = {
  method: "delete",
  path: "/tasks/{id}",
  id: "cancelTask",
  tag: "tasks",
  summary: "Cancel a task",
  description:
    "A task that waits is cancelled at once. Of one that runs the request is aborted: it ends as cancelled unless its result was recorded first. It is never tried again.",
  scope: "submit",
  answers: {
    200: json("TaskRecord", "It is cancelled."),
    202: json("TaskRecord", "It runs: its worker has been asked to abort the request."),
  },
  refusals: ["TASK_NOT_FOUND", "TASK_FINISHED", "QUEUE_UNAVAILABLE"],
  examples: {
    waiting: {
      summary: "A task that waits",
      path: { id: TASK_ID },
      status: 200,
      answer: CANCELLED,
    },
    running: {
      summary: "A task that runs",
      path: { id: TASK_ID },
      status: 202,
      answer: RUNNING,
    },
  },
};

export const taskEndpoints = [submitTask, listTasks, readTask, cancelTask];
