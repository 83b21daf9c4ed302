import type { ProcessUsageWatch } from "@orchestrator/runtime";
import { Router } from "express";
import { methodNotAllowed } from "../http/answer-errors.ts";
import { describeHealth, type Vitals } from "../mesh/describe-health.ts";
import {
  describeCapabilities,
  describeDependencies,
  describeInfo,
  describeState,
  describeVersion,
} from "../mesh/describe-self.ts";
import type { Identity } from "../mesh/identity.ts";
import type { RequestTally } from "../mesh/request-tally.ts";

export interface UbicOptions extends Vitals {
  self: Identity;
  usage: ProcessUsageWatch;
  requests: RequestTally;
}

/** What every droplet of the mesh tells of itself. All from memory: no request here waits for anyone. */
export function ubicRoutes(options: UbicOptions): Router {
  const { self, usage, requests } = options;
  const answers = {
    "/health": () => describeHealth(options, self),
    "/capabilities": () => describeCapabilities(self),
    "/state": () => describeState(options, usage.read(), requests.read()),
    "/dependencies": () => describeDependencies(options, self),
    "/info": () => describeInfo(options, self),
    "/version": () => describeVersion(self),
  };
  const router = Router();
  for (const [path, describe] of Object.entries(answers)) {
    router
      .route(path)
      .get((_request, response) => void response.json(describe()))
      .all(methodNotAllowed("GET"));
  }
  return router;
}
