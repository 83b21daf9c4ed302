import type { DropletDirectory } from "@orchestrator/queue";
import { Router } from "express";
import { methodNotAllowed } from "../http/answer-errors.ts";
import type { Pulse } from "../pulse.ts";

export interface HealthOptions {
  directory: DropletDirectory;
  pulse: Pulse;
  version: string;
  dropletId: number;
  publicUrl: string;
  registryUrl: string;
}

type ServiceStatus = "active" | "inactive" | "error";

/** Health for the mesh, probes for the platform. All from memory. */
export function healthRoutes(options: HealthOptions): Router {
  const router = Router();
  router
    .route("/health")
    .get((_request, response) => void response.json(describeHealth(options)))
    .all(methodNotAllowed("GET"));
  router.get("/healthz/live", (_request, response) => void response.json({ status: "live" }));
  router.get("/healthz/ready", (_request, response) => {
    if (options.pulse.isRedisHealthy) response.json({ status: "ready" });
    else response.status(503).json({ status: "not_ready", reasons: ["Redis does not answer"] });
  });
  return router;
}

function describeHealth({ directory, pulse, ...self }: HealthOptions) {
  const nowMs = Date.now();
  const ageMs = directory.ageMs(nowMs);
  return {
    status: serviceStatus(directory, pulse),
    service: "orchestrator",
    name: "orchestrator",
    id: self.dropletId,
    version: self.version,
    timestamp: new Date(nowMs).toISOString(),
    uptime_seconds: Math.round(process.uptime()),
    endpoint: self.publicUrl,
    dependencies: {
      registry: { status: registryStatus(directory), url: self.registryUrl },
      cache: {
        status: directory.cacheStatus(nowMs),
        age_seconds: ageMs === null ? null : Math.round(ageMs / 1000),
        droplet_count: directory.list?.droplets.length ?? 0,
        warning: directory.state?.snapshotWarning ?? null,
      },
      redis: { status: pulse.isRedisHealthy ? "healthy" : "unhealthy" },
      workers: {
        status: pulse.workers.length > 0 ? "healthy" : "unhealthy",
        count: pulse.workers.length,
      },
    },
  };
}

/** `active` can route; `inactive` has no list yet; `error`: Redis or every worker is gone. */
function serviceStatus(directory: DropletDirectory, pulse: Pulse): ServiceStatus {
  if (!pulse.isRedisHealthy || pulse.workers.length === 0) return "error";
  return directory.hasList ? "active" : "inactive";
}

function registryStatus(directory: DropletDirectory): "healthy" | "degraded" | "unhealthy" {
  if (directory.state?.isHealthy) return "healthy";
  return directory.hasList ? "degraded" : "unhealthy";
}
