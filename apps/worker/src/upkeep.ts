import {
  forgetGoneDroplets,
  sweepDeadlines,
  trimLimits,
  unmarkIdleDroplets,
  type Store,
} from "@orchestrator/queue";
import { periodically, type Logger } from "@orchestrator/runtime";

/** A deadline is enforced within 2 s, the sweeper's own round included. */
const DEADLINE_SWEEP_MS = 500;
const TRIM_MS = 2000;
const SWITCHES_MS = 2000;
const IDLE_CHECK_MS = 10_000;
const GONE_CHECK_MS = 600_000;

export interface UpkeepOptions {
  store: Store;
  taskMaxHistory: number;
  log: Logger;
}

/** What keeps Redis in order. Every worker does it; each round is idempotent, so that no one needs to lead. */
export function startUpkeep({ store, taskMaxHistory, log }: UpkeepOptions): AsyncDisposable {
  const { ledger, queues, redis, keys } = store;
  const rounds = [
    periodically(DEADLINE_SWEEP_MS, async () => await sweepDeadlines(store, Date.now()), {
      log,
      name: "deadlines",
    }),
    periodically(TRIM_MS, async () => await trimHistory(), { log, name: "history" }),
    periodically(SWITCHES_MS, async () => await store.switchboard.enforceUnfinished(), {
      log,
      name: "switches",
    }),
    periodically(IDLE_CHECK_MS, async () => await unmarkIdleDroplets(redis, keys, queues), {
      log,
      name: "idle-droplets",
    }),
    periodically(GONE_CHECK_MS, async () => await forgetGone(), { log, name: "gone-droplets" }),
  ];

  async function forgetGone(): Promise<void> {
    const { directory } = store;
    if (!directory.hasList) return;
    await forgetGoneDroplets(redis, keys, (name) => directory.byName(name) !== null);
  }

  async function trimHistory(): Promise<void> {
    for (;;) {
      const gone = await ledger.history.trim(trimLimits(taskMaxHistory, Date.now()));
      await ledger.drop(gone);
      if (gone.length === 0) return;
    }
  }

  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(rounds.map(async (round) => await round.stop()));
    },
  };
}
