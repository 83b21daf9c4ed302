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

export interface ApiMetricsOptions {
  store: Store;
  waiters: WaiterTable;
  version: string;
  /** Whether callers have to sign in. */
  isSignInOn: boolean;
  log: Logger;
}

/** What this process counts for Prometheus, and what all of them have counted, as JSON. */
export function createApiMetrics({
  store,
  waiters,
  version,
  isSignInOn,
  log,
}: ApiMetricsOptions): ApiMetrics {
  const metrics = createMetrics({ service: "orchestrator-api", version });
  const labels = new DropletLabels();
  countTasks(store.ledger.history, metrics, labels);
  showStore(store, metrics, labels, (error) => log.warn({ event: "metrics.failed", err: error }));
  const held = metrics.gauge({
    name: "orchestrator_waiters",
    help: "Callers held until a task ends.",
  });
  metrics
    .gauge({
      name: "orchestrator_sign_in_required",
      help: "1 when callers have to sign in; 0 while anyone who reaches the service may submit and read tasks.",
    })
    .set(isSignInOn ? 1 : 0);
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
