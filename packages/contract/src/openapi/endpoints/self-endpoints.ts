import { json, type Endpoint } from "../endpoint.ts";
import type { SchemaName } from "../schemas.ts";

const VERSION = "2.0.0";
const NOW = "2026-01-01T00:00:00.000Z";
const REGISTRY_URL = "http://localhost:8000";
const FEATURES = ["task_routing", "inter_droplet_messaging", "retry_logic", "registry_sync"];

interface Told {
  path: string;
  id: string;
  schema: SchemaName;
  summary: string;
  description?: string;
  answer: unknown;
}

/** Public, fast, from memory: they ask nobody. */
function told({ path, id, schema, summary, description, answer }: Told): Endpoint {
  return {
    method: "get",
    path,
    id,
    tag: "self",
    summary,
    ...(description !== undefined && { description }),
    scope: null,
    answers: { 200: json(schema, "From memory, at once.") },
    examples: { now: { summary, status: 200, answer } },
  };
}

export const selfEndpoints = [
  told({
    path: "/health",
    id: "readHealth",
    schema: "Health",
    summary: "Health",
    description:
      "Always 200. `active` can route, `inactive` has no list of droplets yet, `error`: Redis or every worker is gone. A Registry that is down while there is a list changes nothing.",
    answer: {
      status: "active",
      service: "orchestrator",
      name: "orchestrator",
      id: 2,
      version: VERSION,
      timestamp: NOW,
      uptime_seconds: 3600,
      endpoint: "http://localhost:8001",
      dependencies: {
        registry: { status: "healthy", url: REGISTRY_URL, error: null },
        cache: { status: "active", age_seconds: 12, droplet_count: 4, warning: null },
        redis: { status: "healthy" },
        workers: { status: "healthy", count: 2 },
      },
    },
  }),
  told({
    path: "/capabilities",
    id: "readCapabilities",
    schema: "Capabilities",
    summary: "What we can do",
    answer: {
      version: VERSION,
      features: FEATURES,
      capabilities: FEATURES,
      dependencies: ["registry"],
      udc_version: "1.0",
      metadata: { build_date: NOW, commit_hash: "65e1c75", registry_url: REGISTRY_URL },
      service_name: "orchestrator",
      droplet_id: 2,
    },
  }),
  told({
    path: "/state",
    id: "readState",
    schema: "State",
    summary: "Load, tasks and workers",
    answer: {
      status: "active",
      state: "operational",
      cpu_percent: 3.5,
      memory_mb: 120.4,
      uptime_seconds: 3600,
      requests_total: 7200,
      requests_per_minute: 120,
      errors_last_hour: 0,
      last_restart: NOW,
      tasks: { total: 100, queued: 1, running: 2, success: 90, error: 4, timeout: 2, cancelled: 1 },
      workers: [{ id: "host-4711-9b2f0c9c", uptime_seconds: 3600, running: 2 }],
    },
  }),
  told({
    path: "/dependencies",
    id: "readDependencies",
    schema: "Dependencies",
    summary: "What we need, and whether it is there",
    answer: {
      required: [
        { id: 1, name: "registry", status: "connected" },
        { name: "redis", status: "connected" },
      ],
      optional: [{ name: "registry_cache", status: "connected" }],
      missing: [],
      dependencies: [
        { service_name: "registry", url: REGISTRY_URL, required: true, status: "connected" },
        { service_name: "redis", url: null, required: true, status: "connected" },
      ],
    },
  }),
  told({
    path: "/info",
    id: "readInfo",
    schema: "Info",
    summary: "Who we are in the mesh",
    answer: {
      id: 2,
      name: "orchestrator",
      version: VERSION,
      registry_url: REGISTRY_URL,
      registered: true,
      last_registry_sync: NOW,
      cache_status: "active",
      cache_age_seconds: 12,
      sign_in: "off",
    },
  }),
  told({
    path: "/version",
    id: "readVersion",
    schema: "Version",
    summary: "What runs here",
    answer: {
      service: "orchestrator",
      version: VERSION,
      build_date: NOW,
      commit_hash: "65e1c75",
      udc_version: "1.0",
    },
  }),
];
