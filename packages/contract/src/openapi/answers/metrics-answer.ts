import { z } from "zod";
import { CacheStatus } from "./droplet-answers.ts";

const whole = z.number().int();

const TaskNumbers = z.object({
  total: whole.describe("Accepted since ever: the sum of the six states."),
  queued: whole,
  running: whole,
  success: whole,
  error: whole,
  timeout: whole,
  cancelled: whole,
  success_rate_percent: z.number().describe("success / (success + error + timeout)"),
  avg_response_time_ms: z.number(),
  p50_response_time_ms: z.number(),
  p95_response_time_ms: z.number(),
  p99_response_time_ms: z.number(),
});

/** What happened lately: within the last five minutes, or since this process started if that is less. */
const Recent = z.object({
  seconds: z.number().describe("How far it reaches back."),
  ended: whole,
  failed: whole.describe("Ended as error or timeout."),
  per_second: z.number().describe("Tasks that ended, a second."),
  error_rate_percent: z.number().describe("failed / (success + error + timeout); 0 when none."),
  p50_response_time_ms: z.number().nullable().describe("Null when none ended."),
  p95_response_time_ms: z.number().nullable(),
});

const RecentPoint = z.object({
  at: z.number().describe("The end of the span, in epoch seconds."),
  seconds: z.number(),
  ended: whole,
  failed: whole,
});

/** GET /metrics as JSON: the numbers of all processes together. */
export const MetricsAnswer = z.object({
  service: z.literal("orchestrator"),
  version: z.string(),
  uptime_seconds: z.number().describe("Of this process."),
  measured_at: z.iso.datetime(),
  stale: z.boolean().describe("Redis is away: these are the last numbers there are."),
  tasks: TaskNumbers,
  retry: z.object({
    total_retries: whole,
    retry_success_count: whole,
    retry_final_fail_count: whole,
  }),
  registry: z.object({
    syncs_total: whole,
    syncs_success: whole,
    syncs_error: whole,
    last_sync: z.iso.datetime().nullable(),
    last_sync_duration_ms: z.number().nullable(),
    cache_age_seconds: z.number().nullable(),
    cache_status: CacheStatus,
  }),
  droplets_known: whole,
  droplets_reachable: whole,
  recent: Recent.extend({ points: z.array(RecentPoint).describe("Oldest first.") }),
  droplets: z.record(z.string(), TaskNumbers.extend({ retries: whole, recent: Recent })),
});
