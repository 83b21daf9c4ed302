import { createServer } from "node:http";
import { FAILING_FAST, openStore, type StoreOptions } from "@orchestrator/queue";
import { listen, type Logger } from "@orchestrator/runtime";
import { startQueueBoard } from "./admin/bull-board.ts";
import { operatorsOnly } from "./admin/operator-access.ts";
import { createApp } from "./app.ts";
import { waitMaxMs, type ApiConfig } from "./config.ts";
import { startPulse } from "./pulse.ts";
import { dropletRoutes } from "./routes/droplet-routes.ts";
import { healthRoutes } from "./routes/health-routes.ts";
import { bulkRoutes } from "./routes/bulk-routes.ts";
import { operatorRoutes } from "./routes/operator-routes.ts";
import { taskRoutes } from "./routes/task-routes.ts";
import { startSubmission } from "./tasks/start-submission.ts";

const BOARD_PATHS = ["/orchestrator/admin/queues", "/admin/queues"];

export interface ApiOptions {
  config: ApiConfig;
  cacheDir: string;
  version: string;
  log: Logger;
}

/** Opens everything in order; closing it answers the waiters first, then the last requests, Redis last. */
export async function startApi(options: ApiOptions): Promise<AsyncDisposable> {
  const { config, version, log } = options;
  await using opened = new AsyncDisposableStack();
  const store = opened.use(await openStore(storeOptions(options)));
  const { directory } = store;
  const pulse = opened.use(startPulse(store, log));
  const submission = opened.use(
    startSubmission(
      store,
      { waitersMax: config.WAITERS_MAX, queueDepthMax: config.MAX_QUEUE_DEPTH },
      log,
    ),
  );
  const defaults = { timeoutMs: config.TASK_TIMEOUT * 1000, maxRetries: config.TASK_MAX_RETRIES };
  const self = {
    version,
    dropletId: config.DROPLET_ID,
    publicUrl: config.PUBLIC_URL,
    registryUrl: config.REGISTRY_URL,
  };
  const boards = BOARD_PATHS.map((path) => ({ path, board: startQueueBoard(store, path, log) }));
  for (const { board } of boards) opened.use(board);
  const operators = operatorsOnly({
    user: config.OPERATOR_USER,
    password: config.OPERATOR_PASSWORD,
  });
  const tasks = { ...submission, defaults, waitMaxMs: waitMaxMs(config) };
  const app = createApp({
    routers: [
      bulkRoutes(tasks),
      taskRoutes(tasks),
      operatorRoutes({ store, operators, log }),
      dropletRoutes(directory),
      healthRoutes({ directory, pulse, ...self }),
    ],
    boards: boards.map(({ path, board }) => ({ path, handlers: [operators, board.router] })),
    version,
    bodyBytesMax: config.BODY_MAX,
    log,
  });
  const { HOST: host, PORT: port } = config;
  const server = opened.use(await listen(createServer(app), { host, port, portVariable: "PORT" }));
  opened.defer(() => submission.waiters.close());
  log.info({ event: "api.listening", port: server.port, url: config.PUBLIC_URL });
  return opened.move();
}

function storeOptions({ config, cacheDir, log }: ApiOptions): StoreOptions {
  return {
    redisUrl: config.REDIS_URL,
    keyPrefix: config.KEY_PREFIX,
    name: "orchestrator-api",
    manners: FAILING_FAST,
    bodyLimits: {
      keepMs: config.RESULT_KEEP * 1000,
      bytesMax: config.RESULT_MEMORY_MAX,
    },
    registryUrl: config.REGISTRY_URL,
    registryCacheExpiryMs: config.REGISTRY_CACHE_EXPIRY * 1000,
    registryCacheDir: cacheDir,
    onError: (error) => log.warn({ event: "redis.failed", err: error }),
  };
}
