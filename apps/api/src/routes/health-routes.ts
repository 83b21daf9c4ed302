import { Router } from "express";
import { methodNotAllowed } from "../http/answer-errors.ts";
import type { Pulse } from "../pulse.ts";

/** Probes for the platform, from memory. What the mesh asks is in `ubic-routes.ts`. */
export function healthRoutes(pulse: Pulse): Router {
  const router = Router();
  router
    .route("/healthz/live")
    .get((_request, response) => void response.json({ status: "live" }))
    .all(methodNotAllowed("GET"));
  router
    .route("/healthz/ready")
    .get((_request, response) => {
      // Where Redis takes no writes, what only reads is still served; health says what is wrong.
      if (pulse.redis !== "unhealthy") response.json({ status: "ready" });
      else response.status(503).json({ status: "not_ready", reasons: ["Redis does not answer"] });
    })
    .all(methodNotAllowed("GET"));
  return router;
}
