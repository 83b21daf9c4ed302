import { UDC_VERSION } from "@orchestrator/contract";
import { OUR_NAME } from "@orchestrator/core";
import type { ProcessUsage } from "@orchestrator/runtime";
import { cacheAgeSeconds, serviceStatus, type Vitals } from "./describe-health.ts";
import type { Identity } from "./identity.ts";
import type { RequestCounts } from "./request-tally.ts";

const REGISTRY_ID = 1;

/** What the mesh's documents ask for first, then what else we can do. */
const FEATURES = [
  "task_routing",
  "inter_droplet_messaging",
  "retry_logic",
  "registry_sync",
  "cache_fallback",
  "heartbeat_collection",
  "self_registration",
  "durable_queue",
  "priorities",
  "delayed_tasks",
  "deadlines",
  "idempotency_keys",
  "cancellation",
  "replay",
  "batch",
  "callbacks",
  "circuit_breaker",
  "broadcast",
  "task_history",
];

export function describeCapabilities(self: Identity) {
  return {
    version: self.version,
    features: FEATURES,
    capabilities: FEATURES,
    dependencies: ["registry"],
    udc_version: UDC_VERSION,
    metadata: {
      build_date: self.buildDate,
      commit_hash: self.commitHash,
      registry_url: self.registryUrl,
    },
    service_name: OUR_NAME,
    droplet_id: self.dropletId,
  };
}

/** Requests, CPU and memory are this process's own; tasks and workers are everybody's. */
export function describeState(vitals: Vitals, usage: ProcessUsage, requests: RequestCounts) {
  const { pulse } = vitals;
  const nowMs = Date.now();
  const status = serviceStatus(vitals);
  return {
    status,
    state: status === "active" ? "operational" : "degraded",
    cpu_percent: usage.cpuPercent,
    memory_mb: usage.memoryMb,
    uptime_seconds: usage.uptimeSeconds,
    requests_total: requests.requestsTotal,
    requests_per_minute: requests.requestsPerMinute,
    errors_last_hour: requests.errorsLastHour,
    last_restart: new Date(nowMs - usage.uptimeSeconds * 1000).toISOString(),
    tasks: pulse.tasks,
    workers: pulse.workers.map(({ id, startedAt, running }) => ({
      id,
      uptime_seconds: Math.max(0, Math.round((nowMs - startedAt) / 1000)),
      running,
    })),
  };
}

/** Where Redis is stays our secret: this is for anyone to read. */
export function describeDependencies(vitals: Vitals, self: Identity) {
  const { directory, pulse } = vitals;
  const registry = directory.state?.isHealthy === true ? "connected" : "unavailable";
  const redis = pulse.redis === "healthy" ? "connected" : "unavailable";
  const cache = directory.cacheStatus(Date.now()) === "active" ? "connected" : "degraded";
  return {
    required: [
      { id: REGISTRY_ID, name: "registry", status: registry },
      { name: "redis", status: redis },
    ],
    optional: [{ name: "registry_cache", status: cache }],
    missing: missing(vitals),
    dependencies: [
      { service_name: "registry", url: self.registryUrl, required: true, status: registry },
      { service_name: "redis", url: null, required: true, status: redis },
    ],
  };
}

/** What we cannot do without right now: the Registry only until it has given us a list. */
function missing({ directory, pulse }: Vitals): string[] {
  return [
    ...(directory.hasList ? [] : ["registry"]),
    ...(pulse.redis === "healthy" ? [] : ["redis"]),
  ];
}

export function describeInfo({ directory }: Vitals, self: Identity) {
  const nowMs = Date.now();
  const { list } = directory;
  return {
    id: self.dropletId,
    name: OUR_NAME,
    version: self.version,
    registry_url: self.registryUrl,
    registered: directory.isRegistered,
    last_registry_sync: list === null ? null : new Date(list.syncedAt).toISOString(),
    cache_status: directory.cacheStatus(nowMs),
    cache_age_seconds: cacheAgeSeconds(directory, nowMs),
    sign_in: self.isSignInOn ? "required" : "off",
  };
}

export function describeVersion(self: Identity) {
  return {
    service: OUR_NAME,
    version: self.version,
    build_date: self.buildDate,
    commit_hash: self.commitHash,
    udc_version: UDC_VERSION,
  };
}
