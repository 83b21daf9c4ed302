import type { Logger } from "@orchestrator/runtime";
import express, { Router, type Express, type RequestHandler } from "express";
import { requireAcceptableHead } from "./http/acceptable-head.ts";
import { answerErrors, methodNotAllowed, nothingHere } from "./http/answer-errors.ts";
import { inSequence } from "./http/in-sequence.ts";
import { jsonBody } from "./http/json-body.ts";
import { readQuery } from "./http/read-query.ts";
import { logRequests } from "./http/log-requests.ts";
import { securityHeaders } from "./http/security-headers.ts";
import { traceId } from "./http/trace-id.ts";

export interface AppOptions {
  /** Everything the service offers, mounted under the prefix and at the root. */
  routers: Router[];
  /** Bull Board knows its own address, so that each mount has its own. */
  boards: { path: string; handlers: (RequestHandler | Router)[] }[];
  /** What watches every request from its head to the end of its answer. */
  watchers: RequestHandler[];
  /** Who may ask, before anything of the body is read. */
  guards: RequestHandler[];
  publicUrl: string;
  version: string;
  bodyBytesMax: number;
  log: Logger;
}

/** The Express application: what surrounds every request, then the routes, then what is wrong. */
export function createApp(options: AppOptions): Express {
  const { routers, boards, watchers, guards, publicUrl, version, bodyBytesMax, log } = options;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", readQuery);
  app.use(
    inSequence([
      traceId,
      ...watchers,
      logRequests(log),
      securityHeaders(publicUrl),
      requireAcceptableHead,
      ...guards,
    ]),
  );
  for (const { path, handlers } of boards) app.use(path, ...handlers);
  app.use(jsonBody(bodyBytesMax));
  app
    .route(["/", "/orchestrator"])
    .get((_request, response) => void response.json(welcome(version)))
    .all(methodNotAllowed("GET"));
  const routes = allInOne(routers);
  for (const prefix of ["/orchestrator", "/"]) app.use(prefix, routes);
  app.use(nothingHere);
  app.use(answerErrors(log));
  return app;
}

/**
 * A request looks for its route in one list, rather than into and out of a router for each feature. Those without a
 * parameter come first: `/tasks/batch` is no task's id.
 */
function allInOne(routers: readonly Router[]): Router {
  const all = Router();
  const layers = routers.flatMap(({ stack }) => stack);
  const byKind = Map.groupBy(layers, ({ route }) => route?.path.includes(":") ?? false);
  all.stack.push(...(byKind.get(false) ?? []), ...(byKind.get(true) ?? []));
  return all;
}

/** What somebody finds who only knows our address. */
function welcome(version: string) {
  return {
    service: "orchestrator",
    version,
    links: {
      tasks: "/orchestrator/tasks",
      droplets: "/orchestrator/droplets",
      health: "/orchestrator/health",
      metrics: "/orchestrator/metrics",
      admin: "/orchestrator/admin",
      queues: "/orchestrator/admin/queues",
      docs: "/orchestrator/docs",
      openapi: "/orchestrator/openapi.json",
    },
  };
}
