import type { Store } from "@orchestrator/queue";
import { redactionOf, type Tracing } from "@orchestrator/runtime";
import type { Express } from "express";
import { openAccess } from "./access/open-access.ts";
import { startQueueBoard } from "./admin/bull-board.ts";
import { createApp } from "./app.ts";
import { waitMaxMs } from "./config.ts";
import type { EventStreams } from "./events/event-streams.ts";
import { listRoutes } from "./http/list-routes.ts";
import { startMesh } from "./mesh/start-mesh.ts";
import { createApiMetrics } from "./metrics/api-metrics.ts";
import type { Pulse } from "./pulse.ts";
import { auditRoutes } from "./routes/audit-routes.ts";
import { bulkRoutes } from "./routes/bulk-routes.ts";
import { insightRoutes } from "./routes/insight-routes.ts";
import { operatorPageRoutes } from "./routes/operator-page-routes.ts";
import { eventRoutes } from "./routes/event-routes.ts";
import { openApiRoutes } from "./routes/openapi-routes.ts";
import { operatorRoutes } from "./routes/operator-routes.ts";
import { taskRoutes } from "./routes/task-routes.ts";
import type { ApiOptions } from "./start-api.ts";
import type { Submission } from "./tasks/submit-task.ts";
import { traceRequests } from "./tracing/trace-requests.ts";

/** Bull Board's own links begin with where the browser finds it: behind a proxy that strips the prefix, or not. */
const BOARD_PATHS = ["/orchestrator/admin/queues", "/admin/queues"];

export interface Parts extends ApiOptions {
  store: Store;
  pulse: Pulse;
  submission: Submission;
  streams: EventStreams;
  /** Null when nothing is traced. */
  tracing: Tracing | null;
  /** What is started here is closed with the rest. */
  opened: AsyncDisposableStack;
}

/** Everything the service offers, put together: each feature brings its routes. */
export function assembleApp(parts: Parts): Express {
  const { config, version, log, store, pulse, submission, streams, tracing, opened } = parts;
  const defaults = { timeoutMs: config.TASK_TIMEOUT * 1000, maxRetries: config.TASK_MAX_RETRIES };
  const tasks = { ...submission, defaults, waitMaxMs: waitMaxMs(config) };
  const access = openAccess(config, store, log);
  const mesh = opened.use(
    startMesh({ config, version, isSignInOn: access.isSignInOn, store, pulse, tasks, log }),
  );
  const metrics = opened.use(
    createApiMetrics({
      store,
      waiters: submission.waiters,
      version,
      isSignInOn: access.isSignInOn,
      log,
    }),
  );
  const redaction = redactionOf(config.REDACT_FIELDS);
  const routers = [
    taskRoutes(tasks, log),
    bulkRoutes(tasks, log),
    eventRoutes({ store, streams, log }),
    operatorRoutes({ store, log }),
    auditRoutes(store),
    operatorPageRoutes(),
    insightRoutes({ store, version, redaction }),
    ...mesh.routers,
    metrics.routes,
    openApiRoutes(version),
  ];
  log.debug({ event: "api.assembled", routes: listRoutes(routers) });
  const boards = BOARD_PATHS.map((path) => {
    const board = opened.use(startQueueBoard(store, path, { log, redaction }));
    return { path, handlers: [board.router] };
  });
  return createApp({
    routers,
    watchers: [
      mesh.countRequests,
      metrics.countRequests(routers),
      ...(tracing ? [traceRequests(tracing)] : []),
    ],
    guards: access.guards,
    boards,
    publicUrl: config.PUBLIC_URL,
    version,
    bodyBytesMax: config.BODY_MAX,
    log,
  });
}
