import { z } from "zod";
import { TASK_STATUSES } from "../../task-status.ts";
import { CacheStatus } from "./droplet-answers.ts";

const whole = z.number().int();
const wellness = z.enum(["healthy", "unhealthy"]);
const ServiceStatus = z
  .enum(["active", "inactive", "error"])
  .describe(
    "active: can route · inactive: no list of droplets yet · error: Redis or every worker is gone",
  );

/** GET / */
export const Welcome = z.object({
  service: z.literal("orchestrator"),
  version: z.string(),
  links: z.record(z.string(), z.string()),
});

/** GET /health */
export const Health = z.object({
  status: ServiceStatus,
  service: z.literal("orchestrator"),
  name: z.literal("orchestrator"),
  id: whole,
  version: z.string(),
  timestamp: z.iso.datetime(),
  uptime_seconds: z.number(),
  endpoint: z.string(),
  dependencies: z.object({
    registry: z.object({
      status: z.enum(["healthy", "degraded", "unhealthy"]),
      url: z.string(),
      error: z.string().nullable(),
    }),
    cache: z.object({
      status: CacheStatus,
      age_seconds: z.number().nullable(),
      droplet_count: whole,
      warning: z.string().nullable().describe("Why there is no snapshot on disk."),
    }),
    redis: z.object({
      status: z
        .enum(["healthy", "degraded", "unhealthy"])
        .describe("`degraded`: it answers, but is full or read-only and takes no writes."),
    }),
    workers: z.object({ status: wellness, count: whole }),
  }),
});

/** GET /capabilities */
export const Capabilities = z.object({
  version: z.string(),
  features: z.array(z.string()),
  capabilities: z.array(z.string()).describe("The same as features."),
  dependencies: z.array(z.string()),
  udc_version: z.string(),
  metadata: z.object({
    build_date: z.string(),
    commit_hash: z.string(),
    registry_url: z.string(),
  }),
  service_name: z.string(),
  droplet_id: whole,
});

/** GET /state */
export const State = z.object({
  status: ServiceStatus,
  state: z.enum(["operational", "degraded"]),
  cpu_percent: z.number(),
  memory_mb: z.number(),
  uptime_seconds: z.number(),
  requests_total: whole,
  requests_per_minute: whole,
  errors_last_hour: whole,
  last_restart: z.iso.datetime(),
  tasks: z
    .record(z.enum(["total", ...TASK_STATUSES]), whole)
    .describe("Over all processes; the total is the sum of the six."),
  workers: z.array(z.object({ id: z.string(), uptime_seconds: whole, running: whole })),
});

const connection = z.enum(["connected", "unavailable"]);

/** GET /dependencies */
export const Dependencies = z.object({
  required: z.array(z.object({ id: whole.optional(), name: z.string(), status: connection })),
  optional: z.array(z.object({ name: z.string(), status: z.enum(["connected", "degraded"]) })),
  missing: z.array(z.string()).describe("What we cannot do without right now."),
  dependencies: z.array(
    z.object({
      service_name: z.string(),
      url: z.string().nullable(),
      required: z.boolean(),
      status: connection,
    }),
  ),
});

/** GET /info */
export const Info = z.object({
  id: whole,
  name: z.string(),
  version: z.string(),
  registry_url: z.string(),
  registered: z.boolean(),
  last_registry_sync: z.iso.datetime().nullable(),
  cache_status: CacheStatus,
  cache_age_seconds: z.number().nullable(),
  sign_in: z.enum(["required", "off"]),
});

/** GET /version */
export const Version = z.object({
  service: z.string(),
  version: z.string(),
  build_date: z.string(),
  commit_hash: z.string(),
  udc_version: z.string(),
});

/** GET /healthz/live and /healthz/ready */
export const Probe = z.object({
  status: z.enum(["live", "ready", "not_ready"]),
  reasons: z.array(z.string()).optional(),
});
