import {
  countTasks,
  DropletLabels,
  showStore,
  type Store,
  type WaiterTable,
} from "@orchestrator/queue";
import { createMetrics, periodically, type Logger } from "@orchestrator/runtime";
import type { RequestHandler, Router } from "express";
import { metricsRoutes } from "../routes/metrics-routes.ts";
import { countRequests } from "./count-requests.ts";
import { metricsReader } from "./read-metrics.ts";
import { SAMPLE_EVERY_MS } from "./recent-numbers.ts";

export interface ApiMetrics extends AsyncDisposable {
  routes: Router;
  /** Surrounds every request; `routers` tell what can be asked for. */
  countRequests: (routers: readonly Router[]) => RequestHandler;
}

/** What this process counts for Prometheus, and what all of them have counted, as JSON. */
export function createApiMetrics(
  store: Store,
  waiters: WaiterTable,
  version: string,
  log: Logger,
): ApiMetrics {
  const metrics = createMetrics({ service: "orchestrator-api", version });
  const labels = new DropletLabels();
  countTasks(store.ledger.history, metrics, labels);
  showStore(store, metrics, labels, (error) => log.warn({ event: "metrics.failed", err: error }));
  const held = metrics.gauge({
    name: "orchestrator_waiters",
    help: "Callers held until a task ends.",
  });
  metrics.onScrape(async () => held.set(waiters.size));
  const reader = metricsReader(store, version);
  const sampling = periodically(SAMPLE_EVERY_MS, reader.sample, {
    log,
    name: "metrics-samples",
    immediately: true,
  });
  return {
    routes: metricsRoutes({
      readMetrics: reader.read,
      metricsText: async () => await metrics.text(),
    }),
    countRequests: (routers) => countRequests(metrics, routers),
    [Symbol.asyncDispose]: async () => await sampling.stop(),
  };
}
