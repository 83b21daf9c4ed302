import { sweepDeadlines, type Store } from "@orchestrator/queue";
import { periodically, type Logger, type PeriodicWork } from "@orchestrator/runtime";

const SWEEP_MS = 500;

/** Workers sweep too; the API does it for the case that there is none. */
export function enforceDeadlines(store: Store, log: Logger): PeriodicWork {
  return periodically(
    SWEEP_MS,
    async () => {
      if (store.redis.status === "ready") await sweepDeadlines(store, Date.now());
    },
    { log, name: "deadlines" },
  );
}
