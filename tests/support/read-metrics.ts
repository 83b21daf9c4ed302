import { send } from "./send.ts";

type Process = { url: string };

export interface TaskMetrics {
  total: number;
  success: number;
  error: number;
  timeout: number;
  cancelled: number;
  queued: number;
  running: number;
  success_rate_percent: number;
  avg_response_time_ms: number;
  p95_response_time_ms: number;
  p99_response_time_ms: number;
}

/** What GET /orchestrator/metrics shows. */
export interface MetricsAnswer {
  service: string;
  version: string;
  uptime_seconds: number;
  stale: boolean;
  tasks: TaskMetrics;
  retry: { total_retries: number; retry_success_count: number; retry_final_fail_count: number };
  registry: {
    syncs_total: number;
    syncs_success: number;
    syncs_error: number;
    last_sync: string | null;
    last_sync_duration_ms: number | null;
    cache_age_seconds: number | null;
    cache_status: string;
  };
  droplets_known: number;
  droplets_reachable: number;
  droplets: Record<string, TaskMetrics & { retries: number }>;
}

export async function readMetrics(api: Process): Promise<MetricsAnswer> {
  const answer = await send(api, "/orchestrator/metrics");
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  return answer.body as MetricsAnswer;
}

/** The six states a task can be in, added up. */
export function sumOfStates(tasks: TaskMetrics): number {
  const { success, error, timeout, cancelled, queued, running } = tasks;
  return success + error + timeout + cancelled + queued + running;
}

/** What a Prometheus would be given. */
export async function scrape(process: Process): Promise<string> {
  const answer = await send(process, "/metrics", { headers: { accept: "text/plain" } });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  return answer.text;
}

/** The value of the series that has these labels among its own, added up over all that have. */
export function valueOf(text: string, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  let sum = 0;
  for (const [, series = "", value] of text.matchAll(/^(\S+) (\S+)$/gm)) {
    const [, metric, inside = ""] = /^([^{]+)(?:\{(.*)\})?$/.exec(series) ?? [];
    const own = inside.split(/,(?=\w+=")/);
    if (metric === name && wanted.every((label) => own.includes(label))) sum += Number(value);
  }
  return sum;
}
