import { createServer } from "node:http";
import { FAILING_FAST, openStore, type StoreOptions } from "@orchestrator/queue";
import {
  closeWithin,
  listen,
  logSeldom,
  openTracing,
  type Logger,
  type TracingSettings,
} from "@orchestrator/runtime";
import { assembleApp } from "./assemble-app.ts";
import type { ApiConfig } from "./config.ts";
import { EventStreams } from "./events/event-streams.ts";
import { capConnections, type ConnectionCaps } from "./http/connection-caps.ts";
import { answerUnreadable } from "./http/answer-unreadable.ts";
import { serverLimits } from "./http/server-limits.ts";
import { startPulse } from "./pulse.ts";
import { enforceDeadlines, reconcileEndings } from "./tasks/upkeep.ts";
import { startSubmission, type SubmissionLimits } from "./tasks/start-submission.ts";

/** Whatever Redis does: the connections go with the process. */
const STORE_WITHIN_MS = 1000;

export interface ApiOptions {
  config: ApiConfig;
  cacheDir: string;
  version: string;
  log: Logger;
}

/** Opens everything in order; closing it answers the waiters first, then the last requests, Redis last. */
export async function startApi(options: ApiOptions): Promise<AsyncDisposable> {
  const { config, log } = options;
  await using opened = new AsyncDisposableStack();
  const tracing = opened.use(await openTracing(tracingSettings(options)));
  const store = opened.adopt(await openStore(storeOptions(options)), async (one) => {
    await closeWithin(STORE_WITHIN_MS, "store", async () => await one[Symbol.asyncDispose](), log);
  });
  const pulse = opened.use(startPulse(store, log));
  const submission = opened.use(startSubmission(store, submissionLimits(config), log));
  opened.use(enforceDeadlines(store, log));
  opened.use(reconcileEndings(store, log));
  const streams = new EventStreams(config.EVENT_STREAMS_MAX);
  const app = assembleApp({ ...options, store, pulse, submission, streams, tracing, opened });
  const { HOST: host, PORT: port } = config;
  const http = createServer(serverLimits(config.REQUEST_WITHIN * 1000), app);
  http.on("clientError", answerUnreadable);
  // Without a listener Node answers an unknown Expect by itself, with a bare 417.
  http.on("checkExpectation", app);
  capConnections(http, connectionCaps(options));
  const server = opened.use(await listen(http, { host, port, portVariable: "PORT" }));
  opened.defer(() => submission.waiters.close());
  opened.defer(() => streams.close());
  log.info({ event: "api.listening", port: server.port, url: config.PUBLIC_URL });
  return opened.move();
}

function tracingSettings({ config, version, log }: ApiOptions): TracingSettings {
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  return { endpoint, service: "orchestrator-api", version, log };
}

function connectionCaps({ config, log }: ApiOptions): ConnectionCaps {
  return {
    max: config.CONNECTIONS_MAX,
    perAddressMax: config.CONNECTIONS_PER_ADDRESS,
    onDropped: logSeldom((line) => log.warn(line), "connection.dropped"),
  };
}

function submissionLimits(config: ApiConfig): SubmissionLimits {
  return { waitersMax: config.WAITERS_MAX, queueDepthMax: config.MAX_QUEUE_DEPTH };
}

function storeOptions({ config, cacheDir, log }: ApiOptions): StoreOptions {
  return {
    redisUrl: config.REDIS_URL,
    redisTls: {
      ca: config.REDIS_TLS_CA,
      cert: config.REDIS_TLS_CERT,
      key: config.REDIS_TLS_KEY,
    },
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
    onError: logSeldom((line) => log.warn(line), "redis.failed"),
  };
}
