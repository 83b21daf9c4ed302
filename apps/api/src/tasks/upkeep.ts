import { reconcile, sweepDeadlines, type Store } from "@orchestrator/queue";
import { jittered, periodically, type Logger, type PeriodicWork } from "@orchestrator/runtime";

const SWEEP_MS = 500;
const RECONCILE_MS = 5000;

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

/** What a process that died left undone is finished also while there is no worker. */
export function reconcileEndings(store: Store, log: Logger): PeriodicWork {
  return periodically(
    jittered(RECONCILE_MS),
    async () => {
      if (store.redis.status !== "ready") return;
      const mended = await reconcile(store, Date.now());
      if (mended) log.warn({ event: "endings.followedUp", tasks: mended });
    },
    { log, name: "reconciler" },
  );
}
