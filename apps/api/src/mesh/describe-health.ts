import { OUR_NAME } from "@orchestrator/core";
import type { DropletDirectory } from "@orchestrator/queue";
import type { Pulse } from "../pulse.ts";
import type { Identity } from "./identity.ts";

/** Everything health is read from; all of it in memory. */
export interface Vitals {
  directory: DropletDirectory;
  pulse: Pulse;
}

export type ServiceStatus = "active" | "inactive" | "error";

/** `active` can route; `inactive` has no list yet; `error`: Redis or every worker is gone, or Redis takes no writes. */
export function serviceStatus({ directory, pulse }: Vitals): ServiceStatus {
  if (pulse.redis !== "healthy" || pulse.workers.length === 0) return "error";
  return directory.hasList ? "active" : "inactive";
}

/** The answer to GET /health, and to the query `system_status`. */
export function describeHealth(vitals: Vitals, self: Identity) {
  const { directory, pulse } = vitals;
  const nowMs = Date.now();
  const { state } = directory;
  return {
    status: serviceStatus(vitals),
    service: OUR_NAME,
    name: OUR_NAME,
    id: self.dropletId,
    version: self.version,
    timestamp: new Date(nowMs).toISOString(),
    uptime_seconds: Math.round(process.uptime()),
    endpoint: self.publicUrl,
    dependencies: {
      registry: {
        status: registryStatus(directory, nowMs),
        url: self.registryUrl,
        error: state?.error ?? null,
      },
      cache: {
        status: directory.cacheStatus(nowMs),
        age_seconds: cacheAgeSeconds(directory, nowMs),
        droplet_count: directory.list?.droplets.length ?? 0,
        warning: state?.snapshotWarning ?? null,
      },
      redis: { status: pulse.redis },
      workers: {
        status: pulse.workers.length > 0 ? "healthy" : "unhealthy",
        count: pulse.workers.length,
      },
    },
  };
}

export function cacheAgeSeconds(directory: DropletDirectory, nowMs: number): number | null {
  const ageMs = directory.ageMs(nowMs);
  return ageMs === null ? null : Math.round(ageMs / 1000);
}

/** By its last sync; a list that has gone stale says that there have been none for long. */
function registryStatus(
  directory: DropletDirectory,
  nowMs: number,
): "healthy" | "degraded" | "unhealthy" {
  if (!directory.hasList) return "unhealthy";
  const isFresh = directory.state?.isHealthy === true && directory.cacheStatus(nowMs) === "active";
  return isFresh ? "healthy" : "degraded";
}
