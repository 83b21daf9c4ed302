import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { AddressPolicy } from "@orchestrator/core";
import { openStore, PATIENT, type Store, type StoreOptions } from "@orchestrator/queue";
import {
  closeWithin,
  createMetrics,
  logSeldom,
  openTracing,
  periodically,
  startHealthServer,
  type Logger,
  type Readiness,
} from "@orchestrator/runtime";
import { defaultLimits, type WorkerConfig } from "./config.ts";
import { startWorkerMetrics } from "./metrics/worker-metrics.ts";
import { startRegistrySync } from "./registry/start-registry-sync.ts";
import { startConsuming, type Consuming } from "./start-consuming.ts";
import { startUpkeep } from "./upkeep.ts";

const PRESENCE_MS = 1000;

/** Without a word of farewell a worker is taken for gone a few seconds later. */
const LEAVE_WITHIN_MS = 500;

/** Whatever Redis does: the connections go with the process. */
const STORE_WITHIN_MS = 500;

export interface WorkerOptions {
  config: WorkerConfig;
  policy: AddressPolicy;
  cacheDir: string;
  version: string;
  log: Logger;
  /** Aborted when the process is told to stop: a start that waits for Redis then gives up. */
  signal: AbortSignal;
}

/** Opens everything in order; closing it closes in reverse: stop taking tasks first, Redis last. */
export async function startWorker(options: WorkerOptions): Promise<AsyncDisposable> {
  const { config, log } = options;
  await using opened = new AsyncDisposableStack();
  const workerId = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  let store: Store | null = null;
  const self = { service: "orchestrator-worker", version: options.version };
  const metrics = createMetrics(self);
  const health = await startHealthServer({
    host: config.HOST,
    port: config.WORKER_PORT,
    portVariable: "WORKER_PORT",
    isReady: () => readiness(store),
    metricsText: async () => await metrics.text(),
    log,
  });
  opened.use(health);
  log.info({ event: "worker.listening", port: health.port, worker: workerId });

  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  const tracing = opened.use(await openTracing({ ...self, endpoint, log }));
  store = opened.adopt(await openStore(storeOptions(options)), async (one) => {
    await closeWithin(STORE_WITHIN_MS, "store", async () => await one[Symbol.asyncDispose](), log);
  });
  const { attempts } = opened.use(startWorkerMetrics(metrics, store, log));
  opened.use(await startRegistrySync(options, store, log));
  await shareSettings(config, store);
  const forgetAfterMs = config.DROPLET_FORGET_AFTER * 1000;
  opened.use(startUpkeep({ store, taskMaxHistory: config.TASK_MAX_HISTORY, forgetAfterMs, log }));
  const consuming = opened.use(
    await startConsuming({
      store,
      workerId,
      observe: attempts,
      tracing,
      version: options.version,
      policy: options.policy,
      concurrency: config.DROPLET_CONCURRENCY,
      responseBytesMax: config.RESPONSE_BODY_MAX,
      graceMs: config.SHUTDOWN_GRACE * 1000,
      log,
    }),
  );
  opened.use(reportPresence(workerId, options.version, consuming, store, log));
  log.info({ event: "worker.started", worker: workerId, droplets: consuming.consumers.droplets });
  return opened.move();
}

function storeOptions({ config, cacheDir, log, signal }: WorkerOptions): StoreOptions {
  return {
    redisUrl: config.REDIS_URL,
    redisTls: {
      ca: config.REDIS_TLS_CA,
      cert: config.REDIS_TLS_CERT,
      key: config.REDIS_TLS_KEY,
    },
    keyPrefix: config.KEY_PREFIX,
    name: "orchestrator-worker",
    manners: PATIENT,
    bodyLimits: {
      keepMs: config.RESULT_KEEP * 1000,
      bytesMax: config.RESULT_MEMORY_MAX,
    },
    registryUrl: config.REGISTRY_URL,
    registryCacheExpiryMs: config.REGISTRY_CACHE_EXPIRY * 1000,
    registryCacheDir: cacheDir,
    onError: logSeldom((line) => log.warn(line), "redis.failed"),
    signal,
  };
}

/** What the worker that starts last is configured with holds for all: in a rolling change that is the new one. */
async function shareSettings(
  config: WorkerConfig,
  { settings, switchboard }: Store,
): Promise<void> {
  await settings.write({
    historyKeep: config.TASK_MAX_HISTORY,
    defaultLimits: defaultLimits(config),
  });
  await switchboard.reload();
}

/** Tells the API processes that this worker lives; the last word is that it leaves. */
function reportPresence(
  workerId: string,
  version: string,
  { running }: Consuming,
  { presence }: Store,
  log: Logger,
): AsyncDisposable {
  const worker = {
    id: workerId,
    host: hostname(),
    pid: process.pid,
    version,
    startedAt: Date.now(),
  };
  const reporting = periodically(
    PRESENCE_MS,
    async () => await presence.report({ ...worker, running: running.size }),
    { log, name: "presence", immediately: true },
  );
  return {
    async [Symbol.asyncDispose]() {
      await reporting.stop();
      await closeWithin(
        LEAVE_WITHIN_MS,
        "presence",
        async () => await presence.leave(workerId),
        log,
      );
    },
  };
}

/** Ready: Redis answers, and the first sync has ended, well or badly. */
function readiness(store: Store | null): Readiness {
  const reasons: string[] = [];
  if (store?.redis.status !== "ready") reasons.push("Redis does not answer");
  if (!store?.directory.state) reasons.push("the first Registry sync has not ended");
  return { ready: reasons.length === 0, reasons };
}
