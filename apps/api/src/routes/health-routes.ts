import { Router } from "express";
import type { Pulse } from "../pulse.ts";

/** Probes for the platform, from memory. What the mesh asks is in `ubic-routes.ts`. */
export function healthRoutes(pulse: Pulse): Router {
  const router = Router();
  router.get("/healthz/live", (_request, response) => void response.json({ status: "live" }));
  router.get("/healthz/ready", (_request, response) => {
    if (pulse.isRedisHealthy) response.json({ status: "ready" });
    else response.status(503).json({ status: "not_ready", reasons: ["Redis does not answer"] });
  });
  return router;
}
