/** Written by `npm run generate` from packages/contract, so that the published package needs nothing else. */
import type { TaskErrorCode } from "./error-codes.ts";
export interface TaskRequest {
  /** Matched without regard to case. */
  droplet_name: string;
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Origin-form path with optional query; a missing leading / is added. */
  path: string;
  /** Sent as the JSON body when not null. */
  payload?: unknown;
  /** Extra request headers. */
  headers?: Record<string, string>;
  /** The caller's labels: kept, searchable, never sent to the droplet. */
  meta?: Record<string, unknown>;
  priority?: "high" | "normal" | "low";
  /** Not before, in ms. */
  delay_ms?: number;
  /** From acceptance over everything, in ms. */
  deadline_ms?: number;
  /** From the first attempt's start, in ms. */
  timeout_ms?: number;
  /** One attempt, in ms. */
  attempt_timeout_ms?: number;
  max_retries?: number;
  delivery?: "at_least_once" | "at_most_once";
  when_open?: "queue" | "fail";
  /** The final record is POSTed there, once. */
  callback?: {
    /** Matched without regard to case. */
    droplet_name: string;
    /** Origin-form path with optional query; a missing leading / is added. */
    path: string;
  };
}

export interface TaskResult {
  task_id: string;
  status: "queued" | "running" | "success" | "error" | "timeout" | "cancelled";
  target_url: string | null;
  response_status: number | null;
  response_body: unknown;
  retry_count: number;
  duration_ms: number;
  trace_id: string;
  response_headers: Record<string, string> | null;
  error: TaskError | null;
  warnings?: string[];
}

export interface TaskAccepted {
  task_id: string;
  status: "queued" | "running";
  trace_id: string;
  replayed_from?: string;
  warnings?: string[];
}

export interface TaskError {
  code: TaskErrorCode;
  message: string;
  details: Record<string, unknown>;
}

export interface AttemptRecord {
  number: number;
  started_at: number;
  duration_ms: number;
  outcome: "responded" | "not_sent" | "sent_no_response";
  response_status: number | null;
  error: string | null;
  retry_in_ms: number | null;
  /** Why it was, or was not, tried again. */
  decision: string;
}

export interface TaskRecord {
  id: string;
  task_id: string;
  droplet_name: string;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  target_url: string | null;
  status: "queued" | "running" | "success" | "error" | "timeout" | "cancelled";
  response_status: number | null;
  response_headers: Record<string, string> | null;
  response_body: unknown;
  retry_count: number;
  created_at: number;
  started_at: number | null;
  next_attempt_at: number | null;
  completed_at: number | null;
  duration_ms: number;
  error_message: string | null;
  error: TaskError | null;
  meta: Record<string, unknown>;
  priority: "high" | "normal" | "low";
  trace_id: string;
  replayed_from: string | null;
  attempts: AttemptRecord[];
}

export interface TaskPage {
  /** Newest first; bodies over 10 KB are never whole here. */
  tasks: TaskRecord[];
  /** Everything that matches, whatever the page holds. */
  total: number;
  limit: number;
  /** Null on the last page. */
  next_cursor: string | null;
}

export interface TaskExplanation {
  dry_run: true;
  droplet_name: string;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  target_url: string | null;
  list: {
    age_seconds: number | null;
    cache_status: "active" | "stale" | "unavailable";
    served_from: "registry" | "cache" | "disk";
  };
  settings: {
    priority: {
      value: string;
      source: "request" | "default" | "configuration";
    };
    delay_ms: {
      value: number;
      source: "request" | "default" | "configuration";
    };
    deadline_ms: {
      value: number | null;
      source: "request" | "default" | "configuration";
    };
    timeout_ms: {
      value: number;
      source: "request" | "default" | "configuration";
    };
    attempt_timeout_ms: {
      value: number;
      source: "request" | "default" | "configuration";
    };
    max_retries: {
      value: number;
      source: "request" | "default" | "configuration";
    };
    delivery: {
      value: string;
      source: "request" | "default" | "configuration";
    };
    when_open: {
      value: string;
      source: "request" | "default" | "configuration";
    };
    callback: {
      value: {
        droplet_name: string;
        path: string;
      } | null;
      source: "request" | "default" | "configuration";
    };
  };
  /** The waits before each retry, in order. */
  retry_schedule_ms: number[];
  queue: {
    waiting: number;
    delayed: number;
    active: number;
    paused: boolean;
  };
  /** Null while too little is known. */
  expected_wait_ms: number | null;
  circuit: {
    state: "closed" | "open" | "half_open" | "forced_open" | "forced_closed";
  };
  warnings: string[];
}

export interface TaskEvent {
  task_id: string;
  /** As in the record: `queued` for the event `retrying`. */
  status: "queued" | "running" | "success" | "error" | "timeout" | "cancelled";
  droplet_name: string;
  trace_id: string;
  /** Retries made so far. */
  retry_count: number;
  /** When it happened, in epoch seconds. */
  at: number;
}

export interface EventsReset {
  reason: string;
}
