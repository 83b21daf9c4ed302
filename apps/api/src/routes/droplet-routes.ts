import type { DropletDirectory } from "@orchestrator/queue";
import { Router } from "express";
import { methodNotAllowed } from "../http/answer-errors.ts";
import { noDropletList } from "../tasks/accept-task.ts";

/** The list of droplets as we route by it. */
export function dropletRoutes(directory: DropletDirectory): Router {
  const router = Router();
  router
    .route("/droplets")
    .get((_request, response) => {
      if (!directory.hasList) throw noDropletList();
      response.json({
        droplets: directory.droplets,
        cache_status: directory.cacheStatus(Date.now()),
        served_from: directory.servedFrom(),
      });
    })
    .all(methodNotAllowed("GET"));
  return router;
}
