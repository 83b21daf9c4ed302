import type { MetricsText } from "@orchestrator/runtime";
import { Router } from "express";
import { methodNotAllowed } from "../http/answer-errors.ts";
import { prefersText } from "../metrics/prefers-text.ts";
import type { MetricsDocument } from "../metrics/read-metrics.ts";

export interface MetricsRoutesOptions {
  /** The numbers of all processes. */
  readMetrics: () => Promise<MetricsDocument>;
  /** This process's own, for Prometheus. */
  metricsText: () => Promise<MetricsText>;
}

/** JSON under the prefix; at the root also Prometheus's text, for whoever prefers that. */
export function metricsRoutes({ readMetrics, metricsText }: MetricsRoutesOptions): Router {
  const router = Router();
  router
    .route("/metrics")
    .get(async (request, response) => {
      response.vary("Accept").set("Cache-Control", "no-store");
      if (request.baseUrl !== "" || !prefersText(request.get("accept"))) {
        response.json(await readMetrics());
        return;
      }
      const { contentType, body } = await metricsText();
      response.set("Content-Type", contentType).send(body);
    })
    .all(methodNotAllowed("GET"));
  return router;
}
