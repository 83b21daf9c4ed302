import { z } from "zod";

/** active: synced within REGISTRY_CACHE_EXPIRY · stale: the last list serves on · unavailable: no list yet. */
export const CacheStatus = z.enum(["active", "stale", "unavailable"]);

export const ServedFrom = z.enum(["registry", "cache", "disk"]);

export const Circuit = z.object({
  state: z.enum(["closed", "open", "half_open", "forced_open", "forced_closed"]),
});

export const DropletEntry = z.object({
  id: z.union([z.number().int(), z.string()]),
  name: z.string(),
  url: z.string().describe("The same as endpoint."),
  endpoint: z.string(),
  version: z.string().nullable(),
  status: z.enum(["active", "inactive", "error"]).describe("Shown, never acted on."),
  steward: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
  capabilities: z.array(z.string()).optional(),
  last_heartbeat: z.union([z.string(), z.number()]).optional(),
  updated_at: z.union([z.string(), z.number()]).optional(),
});

const switches = {
  paused: z.boolean().describe("By an operator."),
  circuit: Circuit,
  limits: z.object({
    concurrency: z.number().int().nullable(),
    rate: z.object({ max: z.number().int(), per_ms: z.number().int() }).nullable(),
  }),
};

/** The list as we route by it, with what holds up each queue. */
export const DropletList = z.object({
  droplets: z.array(DropletEntry.extend(switches)),
  cache_status: CacheStatus,
  served_from: ServedFrom,
});

/** What holds up a droplet's queue. */
export const DropletSwitches = z.object({ name: z.string(), ...switches });

/** One droplet, with what waits for it and what it last said of itself. */
export const DropletDetail = DropletEntry.extend({
  queue: z.object({
    waiting: z.number().int(),
    delayed: z.number().int(),
    active: z.number().int(),
  }),
  ...switches,
  last_seen: z.iso.datetime().nullable().describe("Its last heartbeat to us."),
  reported: z
    .object({
      status: z.string().nullable(),
      metrics: z.record(z.string(), z.unknown()).nullable(),
    })
    .nullable(),
});
