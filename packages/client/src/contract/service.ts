/** Written by `npm run generate` from packages/contract, so that the published package needs nothing else. */
import type { ErrorCode } from "./error-codes.ts";
export interface Health {
  /** active: can route · inactive: no list of droplets yet · error: Redis or every worker is gone */
  status: "active" | "inactive" | "error";
  service: "orchestrator";
  name: "orchestrator";
  id: number;
  version: string;
  timestamp: string;
  uptime_seconds: number;
  endpoint: string;
  dependencies: {
    registry: {
      status: "healthy" | "degraded" | "unhealthy";
      url: string;
      error: string | null;
    };
    cache: {
      status: "active" | "stale" | "unavailable";
      age_seconds: number | null;
      droplet_count: number;
      /** Why there is no snapshot on disk. */
      warning: string | null;
    };
    redis: {
      /** `degraded`: it answers, but is full or read-only and takes no writes. */
      status: "healthy" | "degraded" | "unhealthy";
    };
    workers: {
      status: "healthy" | "unhealthy";
      count: number;
    };
  };
}

export interface State {
  /** active: can route · inactive: no list of droplets yet · error: Redis or every worker is gone */
  status: "active" | "inactive" | "error";
  state: "operational" | "degraded";
  cpu_percent: number;
  memory_mb: number;
  uptime_seconds: number;
  requests_total: number;
  requests_per_minute: number;
  errors_last_hour: number;
  last_restart: string;
  /** Over all processes; the total is the sum of the six. */
  tasks: Record<
    "total" | "queued" | "running" | "success" | "error" | "timeout" | "cancelled",
    number
  >;
  workers: {
    id: string;
    uptime_seconds: number;
    running: number;
  }[];
}

export interface Info {
  id: number;
  name: string;
  version: string;
  registry_url: string;
  registered: boolean;
  last_registry_sync: string | null;
  cache_status: "active" | "stale" | "unavailable";
  cache_age_seconds: number | null;
  sign_in: "required" | "off";
}

export interface Version {
  service: string;
  version: string;
  build_date: string;
  commit_hash: string;
  udc_version: string;
}

export interface Probe {
  status: "live" | "ready" | "not_ready";
  reasons?: string[];
}

export interface MetricsAnswer {
  service: "orchestrator";
  version: string;
  /** Of this process. */
  uptime_seconds: number;
  measured_at: string;
  /** Redis is away: these are the last numbers there are. */
  stale: boolean;
  tasks: {
    /** Accepted since ever: the sum of the six states. */
    total: number;
    queued: number;
    running: number;
    success: number;
    error: number;
    timeout: number;
    cancelled: number;
    /** success / (success + error + timeout) */
    success_rate_percent: number;
    avg_response_time_ms: number;
    p50_response_time_ms: number;
    p95_response_time_ms: number;
    p99_response_time_ms: number;
  };
  retry: {
    total_retries: number;
    retry_success_count: number;
    retry_final_fail_count: number;
  };
  registry: {
    syncs_total: number;
    syncs_success: number;
    syncs_error: number;
    last_sync: string | null;
    last_sync_duration_ms: number | null;
    cache_age_seconds: number | null;
    cache_status: "active" | "stale" | "unavailable";
  };
  droplets_known: number;
  droplets_reachable: number;
  recent: {
    /** How far it reaches back. */
    seconds: number;
    ended: number;
    /** Ended as error or timeout. */
    failed: number;
    /** Tasks that ended, a second. */
    per_second: number;
    /** failed / (success + error + timeout); 0 when none. */
    error_rate_percent: number;
    /** Null when none ended. */
    p50_response_time_ms: number | null;
    p95_response_time_ms: number | null;
    /** Oldest first. */
    points: {
      /** The end of the span, in epoch seconds. */
      at: number;
      seconds: number;
      ended: number;
      failed: number;
    }[];
  };
  droplets: Record<
    string,
    {
      /** Accepted since ever: the sum of the six states. */
      total: number;
      queued: number;
      running: number;
      success: number;
      error: number;
      timeout: number;
      cancelled: number;
      /** success / (success + error + timeout) */
      success_rate_percent: number;
      avg_response_time_ms: number;
      p50_response_time_ms: number;
      p95_response_time_ms: number;
      p99_response_time_ms: number;
      retries: number;
      recent: {
        /** How far it reaches back. */
        seconds: number;
        ended: number;
        /** Ended as error or timeout. */
        failed: number;
        /** Tasks that ended, a second. */
        per_second: number;
        /** failed / (success + error + timeout); 0 when none. */
        error_rate_percent: number;
        /** Null when none ended. */
        p50_response_time_ms: number | null;
        p95_response_time_ms: number | null;
      };
    }
  >;
}

export interface ErrorResponse {
  status: "error";
  error: {
    code: ErrorCode;
    message: string;
    details: Record<string, unknown>;
  };
  trace_id: string;
  timestamp: string;
}
