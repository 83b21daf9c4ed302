import {
  forgetGoneDroplets,
  reconcile,
  retireQueues,
  sweepDeadlines,
  trimLimits,
  unmarkIdleDroplets,
  type Store,
} from "@orchestrator/queue";
import { jittered, periodically, type Logger } from "@orchestrator/runtime";

/** A deadline is enforced within 2 s, the sweeper's own round included. */
const DEADLINE_SWEEP_MS = 500;
const TRIM_MS = 2000;
const SWITCHES_MS = 2000;
const IDLE_CHECK_MS = 10_000;
const GONE_CHECK_MS = 600_000;
const RECONCILE_MS = 5000;

/** Droplets that are to be forgotten soon after they have gone are looked for as often as that. */
const RETIRE_CHECK_MS_MAX = 60_000;

export interface UpkeepOptions {
  store: Store;
  taskMaxHistory: number;
  /** After this long off the list and without a task a droplet's queue and switches are forgotten. */
  forgetAfterMs: number;
  log: Logger;
}

/** What keeps Redis in order. Every worker does it; each round is idempotent, so that no one needs to lead. */
export function startUpkeep({
  store,
  taskMaxHistory,
  forgetAfterMs,
  log,
}: UpkeepOptions): AsyncDisposable {
  const { queues, redis, keys, switchboard } = store;
  const works: [everyMs: number, name: string, work: () => Promise<unknown>][] = [
    [DEADLINE_SWEEP_MS, "deadlines", async () => await sweepDeadlines(store, Date.now())],
    [TRIM_MS, "history", async () => await trimHistory(store, taskMaxHistory)],
    [SWITCHES_MS, "switches", async () => await switchboard.enforceUnfinished()],
    [IDLE_CHECK_MS, "idle-droplets", async () => await unmarkIdleDroplets(redis, keys, queues)],
    [jittered(RECONCILE_MS), "reconciler", async () => await reconcileAloud(store, log)],
    [
      Math.min(RETIRE_CHECK_MS_MAX, forgetAfterMs),
      "retirement",
      async () => await retireAloud(store, forgetAfterMs, log),
    ],
    [GONE_CHECK_MS, "gone-droplets", async () => await forgetGone(store)],
  ];
  const rounds = works.map(([everyMs, name, work]) => periodically(everyMs, work, { log, name }));
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(rounds.map(async (round) => await round.stop()));
    },
  };
}

async function trimHistory({ ledger }: Store, keep: number): Promise<void> {
  for (;;) {
    const gone = await ledger.history.trim(trimLimits(keep, Date.now()));
    await ledger.drop(gone);
    if (gone.length === 0) return;
  }
}

async function reconcileAloud(store: Store, log: Logger): Promise<void> {
  const mended = await reconcile(store, Date.now());
  if (mended) log.warn({ event: "endings.followedUp", tasks: mended });
}

async function retireAloud(store: Store, forgetAfterMs: number, log: Logger): Promise<void> {
  for (const droplet of await retireQueues(store, forgetAfterMs, Date.now())) {
    log.info({ event: "droplet.forgotten", droplet });
  }
}

async function forgetGone({ redis, keys, directory }: Store): Promise<void> {
  if (!directory.hasList) return;
  await forgetGoneDroplets(redis, keys, (name) => directory.byName(name) !== null);
}
