import { z } from "zod";
import { json, type Endpoint } from "../endpoint.ts";
import { TASK_ID, TRACE_ID } from "./specimens.ts";

const NUMBERS = {
  total: 100,
  queued: 1,
  running: 2,
  success: 90,
  error: 4,
  timeout: 2,
  cancelled: 1,
  success_rate_percent: 93.75,
  avg_response_time_ms: 61.2,
  p50_response_time_ms: 44,
  p95_response_time_ms: 240,
  p99_response_time_ms: 990,
};

const RECENT = {
  seconds: 300,
  ended: 30,
  failed: 3,
  per_second: 0.1,
  error_rate_percent: 10,
  p50_response_time_ms: 44,
  p95_response_time_ms: 240,
};

const NOW = "2026-01-01T00:00:00.000Z";

const readMetrics: Endpoint = {
  method: "get",
  path: "/metrics",
  id: "readMetrics",
  tag: "operations",
  summary: "Metrics",
  description:
    "JSON: the numbers of all processes together, kept over restarts. At the root, without the prefix, a client that prefers text gets the numbers of this process for Prometheus instead.",
  scope: "read",
  answers: {
    200: {
      description: "The numbers.",
      content: { "application/json": "MetricsAnswer", "text/plain": null },
    },
  },
  refusals: ["QUEUE_UNAVAILABLE"],
  examples: {
    now: {
      summary: "As JSON",
      status: 200,
      answer: {
        service: "orchestrator",
        version: "2.0.0",
        uptime_seconds: 3600,
        measured_at: NOW,
        stale: false,
        tasks: NUMBERS,
        retry: { total_retries: 12, retry_success_count: 5, retry_final_fail_count: 3 },
        registry: {
          syncs_total: 60,
          syncs_success: 59,
          syncs_error: 1,
          last_sync: NOW,
          last_sync_duration_ms: 18,
          cache_age_seconds: 12,
          cache_status: "active",
        },
        droplets_known: 4,
        droplets_reachable: 3,
        recent: {
          ...RECENT,
          points: [{ at: 1_767_225_600, seconds: 15, ended: 2, failed: 0 }],
        },
        droplets: { echo: { ...NUMBERS, retries: 12, recent: RECENT } },
      },
    },
  },
};

const isLive: Endpoint = {
  method: "get",
  path: "/healthz/live",
  id: "isLive",
  tag: "operations",
  summary: "Does the process live?",
  description: "Asks nobody.",
  scope: null,
  answers: { 200: json("Probe", "It does.") },
  examples: { live: { summary: "It does", status: 200, answer: { status: "live" } } },
};

const isReady: Endpoint = {
  method: "get",
  path: "/healthz/ready",
  id: "isReady",
  tag: "operations",
  summary: "Can it serve?",
  description: "It needs Redis, and neither Registry nor workers.",
  scope: null,
  answers: {
    200: json("Probe", "It can."),
    503: json("Probe", "It cannot, for these reasons."),
  },
  examples: {
    ready: { summary: "It can", status: 200, answer: { status: "ready" } },
    not_ready: {
      summary: "Redis is away",
      status: 503,
      answer: { status: "not_ready", reasons: ["Redis does not answer"] },
    },
  },
};

const welcome: Endpoint = {
  method: "get",
  path: "/",
  id: "welcome",
  tag: "operations",
  summary: "What is this?",
  scope: null,
  answers: { 200: json("Welcome", "Our name, and where to go from here.") },
  examples: {
    welcome: {
      summary: "Links",
      status: 200,
      answer: {
        service: "orchestrator",
        version: "2.0.0",
        links: { tasks: "/orchestrator/tasks", health: "/orchestrator/health" },
      },
    },
  },
};

const readOpenApi: Endpoint = {
  method: "get",
  path: "/openapi.json",
  id: "readOpenApi",
  tag: "operations",
  summary: "This document",
  scope: null,
  answers: {
    200: { description: "OpenAPI 3.1.", content: { "application/json": "OpenApi" } },
  },
};

const readAudit: Endpoint = {
  method: "get",
  path: "/admin/audit",
  id: "readAudit",
  tag: "operations",
  summary: "What operators did",
  scope: "operate",
  query: z.object({ limit: z.int().min(1).max(1000).default(100) }),
  answers: { 200: json("AuditPage", "The newest entries.") },
  refusals: ["INVALID_REQUEST", "QUEUE_UNAVAILABLE"],
  examples: {
    newest: {
      summary: "The newest ten",
      query: { limit: 10 },
      status: 200,
      answer: {
        entries: [
          {
            id: "1767225600065-0",
            at: 1_767_225_600.065,
            action: "pause",
            caller: "operator",
            remote: "127.0.0.1",
            droplet: "echo",
            details: {},
            trace_id: "order-7-2026",
          },
        ],
        limit: 10,
      },
    },
  },
};

const readInsight: Endpoint = {
  method: "get",
  path: "/admin/tasks/{id}",
  id: "readTaskInsight",
  tag: "operations",
  summary: "What a task's record does not say",
  description: "What was sent, its settings, its callback and what it replays.",
  scope: "operate",
  answers: { 200: json("TaskInsight", "What is known.") },
  refusals: ["TASK_NOT_FOUND", "QUEUE_UNAVAILABLE"],
  examples: {
    insight: {
      summary: "Of a task that has ended",
      path: { id: TASK_ID },
      status: 200,
      answer: {
        task_id: TASK_ID,
        request: {
          method: "POST",
          path: "/orders",
          headers: { "x-task-id": TASK_ID, "x-trace-id": TRACE_ID },
          payload: { order: 7 },
          payload_chars: 11,
          kept: true,
        },
        settings: {
          delivery: "at_least_once",
          timeout_ms: 30_000,
          attempt_timeout_ms: 10_000,
          max_retries: 3,
          delay_ms: 0,
          deadline_at: null,
          idempotency_key: false,
          caller: null,
        },
        callback: null,
        ancestors: [],
      },
    },
  },
};

const page = (path: string, id: string, summary: string, scope: Endpoint["scope"]): Endpoint => ({
  method: "get",
  path,
  id,
  tag: "operations",
  summary,
  scope,
  answers: { 200: { description: "A page for browsers.", content: { "text/html": null } } },
});

export const operationsEndpoints = [
  welcome,
  isLive,
  isReady,
  readMetrics,
  readOpenApi,
  readAudit,
  readInsight,
  page("/docs", "readDocs", "This document as a page", null),
  page("/admin", "readOperatorPage", "The operators' page", "operate"),
  page("/admin/queues", "readQueues", "The queues as a page (Bull Board, read-only)", "operate"),
];
