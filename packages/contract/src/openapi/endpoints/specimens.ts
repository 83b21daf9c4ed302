/** What the examples speak of: one task of one droplet that answers with what it was sent. */
export const TASK_ID = "550e8400-e29b-41d4-a716-446655440000";
export const TRACE_ID = "order-7-2026";

export const ATTEMPT = {
  number: 1,
  started_at: 1_767_225_600.02,
  duration_ms: 45,
  outcome: "responded",
  response_status: 200,
  error: null,
  retry_in_ms: null,
  decision: "200 is success",
};

/** What a caller who waited gets. */
export const RESULT = {
  task_id: TASK_ID,
  status: "success",
  target_url: "http://localhost:8010/orders",
  response_status: 200,
  response_body: { ordered: true },
  retry_count: 0,
  duration_ms: 45,
  trace_id: TRACE_ID,
  response_headers: { "content-type": "application/json" },
  error: null,
};

export const ACCEPTED = { task_id: TASK_ID, status: "queued", trace_id: TRACE_ID };

export const RECORD = {
  id: TASK_ID,
  ...RESULT,
  droplet_name: "echo",
  method: "POST",
  path: "/orders",
  created_at: 1_767_225_600,
  started_at: 1_767_225_600.02,
  next_attempt_at: null,
  completed_at: 1_767_225_600.065,
  error_message: null,
  meta: { requested_by: "billing" },
  priority: "normal",
  replayed_from: null,
  attempts: [ATTEMPT],
};

export const CANCELLED = {
  ...RECORD,
  status: "cancelled",
  target_url: null,
  response_status: null,
  response_headers: null,
  response_body: null,
  started_at: null,
  completed_at: 1_767_225_601,
  duration_ms: 0,
  error_message: "Cancelled on request",
  error: { code: "CANCELLED", message: "Cancelled on request", details: {} },
  attempts: [],
};

export const RUNNING = {
  ...RECORD,
  status: "running",
  target_url: null,
  response_status: null,
  response_headers: null,
  response_body: null,
  completed_at: null,
  duration_ms: 12,
  attempts: [],
};

export const ECHO = {
  id: 10,
  name: "echo",
  url: "http://localhost:8010",
  endpoint: "http://localhost:8010",
  version: "1.0.0",
  status: "active",
  steward: null,
  metadata: {},
};
