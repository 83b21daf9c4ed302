import { isEnded } from "@orchestrator/contract";
import { trimLimits } from "../history/task-history.ts";
import type { Store } from "../open-store.ts";
import { exclusively } from "../redis/exclusively.ts";

/** An ending that is not done after this long has lost whoever began it; it takes milliseconds. */
const ENDING_GRACE_MS = 3000;

/** An ending whose task goes on after this long was never carried out. */
const ENDING_LIFE_MS = 600_000;

/** A task that nobody has listed after this long was accepted by a process that has died since. */
const UNLISTED_GRACE_MS = 3000;

/** Looked at in one round; the rest follow in the next. */
const ENDINGS_MAX = 500;
const RUNNING_MAX = 500;
const TRIMS_MAX = 10;

/** A process that dies in its round keeps the others from theirs for this long. */
const LOCK_MS = 10_000;

/**
 * Finishes what processes left undone when they died: the lists of tasks that they accepted; the lists, claim, callback and
 * job of tasks that ended. One process at a time does it, workers and APIs alike, so that it is also done while there is no worker.
 * @returns how many tasks were found ended and not followed up; null when another process was at it
 */
export async function reconcile(store: Store, nowMs: number): Promise<number | null> {
  let mended = 0;
  const wasOurs = await exclusively(store.redis, store.keys.reconcilerLock, LOCK_MS, async () => {
    await store.ledger.history.unlisted.listOlderThan(UNLISTED_GRACE_MS);
    mended = (await finishEndings(store, nowMs)) + (await repairRunning(store));
    await trim(store, nowMs);
  });
  return wasOurs ? mended : null;
}

/** Endings that were noted and not done: see `TaskLedger.endOutsideJob`. */
async function finishEndings({ ledger, queues }: Store, nowMs: number): Promise<number> {
  const found = await ledger.history.endingsSince(nowMs - ENDING_GRACE_MS, ENDINGS_MAX);
  const finished = await Promise.all(
    found.map(async ({ taskId, since }) => {
      const stored = await ledger.records.read(taskId);
      const hasEnded = stored !== null && isEnded(stored.status);
      // Whoever noted it may be slow, not dead: one that has not ended yet keeps its note for a while.
      if (stored !== null && !hasEnded && nowMs - since < ENDING_LIFE_MS) return false;
      if (hasEnded) {
        await ledger.repair(taskId);
        await queues.remove(stored.task.dropletName, taskId);
      }
      await ledger.history.endingDone(taskId);
      return hasEnded;
    }),
  );
  return finished.filter(Boolean).length;
}

/**
 * Tasks that are listed as running although their record has ended: a worker died in between. The next worker that
 * takes the job does the same; there may be none.
 */
async function repairRunning({ ledger }: Store): Promise<number> {
  const page = await ledger.history.page({ status: "running", limit: RUNNING_MAX });
  if (page === "unknown_cursor") return 0;
  const repaired = await Promise.all(
    page.ids.map(async (taskId) => {
      const hasEnded = await ledger.records.isEnded(taskId);
      if (hasEnded) await ledger.repair(taskId);
      return hasEnded;
    }),
  );
  return repaired.filter(Boolean).length;
}

/** Workers trim more often; this is for when there is none. */
async function trim({ ledger, settings }: Store, nowMs: number): Promise<void> {
  const { historyKeep } = await settings.read();
  for (let round = 0; round < TRIMS_MAX; round++) {
    const gone = await ledger.history.trim(trimLimits(historyKeep, nowMs));
    await ledger.drop(gone);
    if (gone.length === 0) return;
  }
}
