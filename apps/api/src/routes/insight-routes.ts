import { Router } from "express";
import { describeInsight, type InsightOptions } from "../admin/describe-insight.ts";
import { methodNotAllowed } from "../http/answer-errors.ts";

/** What operators may see of a task beyond its record: its request, its settings, its lineage. */
export function insightRoutes(options: InsightOptions): Router {
  const router = Router();
  router
    .route("/admin/tasks/:id")
    .get(async (request, response) => {
      response.locals["taskId"] = request.params.id;
      response.set("Cache-Control", "no-store");
      response.json(await describeInsight(request.params.id, options));
    })
    .all(methodNotAllowed("GET"));
  return router;
}
