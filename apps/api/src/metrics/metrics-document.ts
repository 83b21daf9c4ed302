import { TASK_STATUSES } from "@orchestrator/contract";
import { dropletKey, percentile, type Droplet } from "@orchestrator/core";
import type {
  DropletDirectory,
  LastAttempt,
  MetricsReading,
  TaskNumbers,
} from "@orchestrator/queue";
import type { RecentNumbers } from "./recent-numbers.ts";

export interface DocumentOptions {
  directory: DropletDirectory;
  version: string;
  /** When the numbers were read. */
  readAt: number;
  nowMs: number;
  /** Redis is away, and these are the last numbers we have. */
  isStale: boolean;
  /** What changed over the last minutes. */
  recent: RecentNumbers;
}

/** A droplet that nobody called for so long is judged by what the Registry says of it. */
const ATTEMPT_COUNTS_MS = 10 * 60_000;

/** What `GET /orchestrator/metrics` shows. Times are ISO 8601, durations as their names say. */
export function describeMetrics(
  { reading, answered }: { reading: MetricsReading; answered: ReadonlyMap<string, LastAttempt> },
  { directory, version, readAt, nowMs, isStale, recent }: DocumentOptions,
) {
  const known = directory.hasList ? directory.droplets : [];
  const reachable = known.filter((droplet) =>
    isReachable(droplet, answered.get(dropletKey(droplet.name)), nowMs),
  );
  return {
    service: "orchestrator",
    version,
    uptime_seconds: Math.round(process.uptime()),
    measured_at: new Date(readAt).toISOString(),
    stale: isStale,
    tasks: describeTasks(reading.tasks),
    retry: {
      total_retries: reading.tasks.retries,
      retry_success_count: reading.retriedThenSuccess,
      retry_final_fail_count: reading.retriedThenFailure,
    },
    registry: describeRegistry(reading, directory, nowMs),
    droplets_known: known.length,
    droplets_reachable: reachable.length,
    recent: recent.ofAll(reading.tasks),
    droplets: describeDroplets(reading, directory, recent),
  };
}

function describeTasks(numbers: TaskNumbers) {
  const { byStatus, durations, durationMsSum } = numbers;
  const finished = byStatus.success + byStatus.error + byStatus.timeout;
  const measured = [...durations.values()].reduce((sum, count) => sum + count, 0);
  return {
    total: TASK_STATUSES.reduce((sum, status) => sum + byStatus[status], 0),
    ...byStatus,
    success_rate_percent: finished === 0 ? 0 : toHundredth((100 * byStatus.success) / finished),
    avg_response_time_ms: measured === 0 ? 0 : toHundredth(durationMsSum / measured),
    p50_response_time_ms: toHundredth(percentile(durations, 50) ?? 0),
    p95_response_time_ms: toHundredth(percentile(durations, 95) ?? 0),
    p99_response_time_ms: toHundredth(percentile(durations, 99) ?? 0),
  };
}

function describeRegistry({ syncs }: MetricsReading, directory: DropletDirectory, nowMs: number) {
  const { list, state } = directory;
  const ageMs = directory.ageMs(nowMs);
  return {
    syncs_total: syncs.success + syncs.error,
    syncs_success: syncs.success,
    syncs_error: syncs.error,
    last_sync: list === null ? null : new Date(list.syncedAt).toISOString(),
    last_sync_duration_ms: state?.durationMs ?? null,
    cache_age_seconds: ageMs === null ? null : Math.round(ageMs / 1000),
    cache_status: directory.cacheStatus(nowMs),
  };
}

/** The listed ones under the name the list spells, and those that have left it but not yet the history. */
function describeDroplets(
  { droplets }: MetricsReading,
  directory: DropletDirectory,
  recent: RecentNumbers,
) {
  return Object.fromEntries(
    Array.from(droplets, ([name, numbers]) => [
      directory.byName(name)?.name ?? name,
      {
        ...describeTasks(numbers),
        retries: numbers.retries,
        recent: recent.ofDroplet(name, numbers),
      },
    ]),
  );
}

/** It answered when it was last called; if that is long ago, or never was, the Registry has to call it active. */
function isReachable(droplet: Droplet, last: LastAttempt | undefined, nowMs: number): boolean {
  if (last !== undefined && nowMs - last.at <= ATTEMPT_COUNTS_MS) return last.isAnswered;
  return droplet.status === "active";
}

function toHundredth(value: number): number {
  return Math.round(value * 100) / 100;
}
