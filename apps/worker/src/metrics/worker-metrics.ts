import { countTasks, DropletLabels, showStore, type Store } from "@orchestrator/queue";
import { periodically, type Logger, type Metrics } from "@orchestrator/runtime";
import { countAttempts, type AttemptObserver } from "./attempt-metrics.ts";

/** How late the API may learn whether a droplet answers. */
const FLUSH_MS = 2000;

export interface WorkerMetrics extends AsyncDisposable {
  attempts: AttemptObserver;
}

/** Counts what this worker does: for its own scrape, and in Redis what must outlive it. */
export function startWorkerMetrics(metrics: Metrics, store: Store, log: Logger): WorkerMetrics {
  const labels = new DropletLabels();
  const { answered } = store.metrics;
  countTasks(store.ledger.history, metrics, labels);
  showStore(store, metrics, labels, (error) => log.warn({ event: "metrics.failed", err: error }));
  const syncs = metrics.counter({
    name: "orchestrator_registry_syncs_total",
    help: "Syncs of the droplet list that this worker made, by result: success or error.",
    labelNames: ["result"],
  });
  for (const result of ["success", "error"]) syncs.inc({ result }, 0);
  store.metrics.onSync((isGood) => syncs.inc({ result: isGood ? "success" : "error" }));
  const flushing = periodically(FLUSH_MS, async () => await answered.flush(), {
    log,
    name: "answered-attempts",
  });
  return {
    attempts: countAttempts(metrics, labels, answered),
    async [Symbol.asyncDispose]() {
      await flushing.stop();
      await answered.flush();
    },
  };
}
