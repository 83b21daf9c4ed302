import type { Store } from "@orchestrator/queue";
import { Router } from "express";
import { methodNotAllowed } from "../http/answer-errors.ts";
import { describeDroplet, describeDropletList } from "../mesh/describe-droplets.ts";

/** The droplets as we route by them: all, from memory, or one with its queue. */
export function dropletRoutes(store: Store): Router {
  const router = Router();
  router
    .route("/droplets")
    .get((_request, response) => void response.json(describeDropletList(store)))
    .all(methodNotAllowed("GET"));
  router
    .route("/droplets/:name")
    .get(async (request, response) => {
      response.json(await describeDroplet(request.params.name, store));
    })
    .all(methodNotAllowed("GET"));
  return router;
}
