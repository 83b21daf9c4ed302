import { randomUUID } from "node:crypto";
import { queueSettings } from "@orchestrator/core";
import { WaiterTable, type Store } from "@orchestrator/queue";
import { periodically, watchEventLoopLag, type Logger } from "@orchestrator/runtime";
import { Admission } from "./admission.ts";
import { QueueDepths } from "./queue-depths.ts";
import type { Submission } from "./submit-task.ts";

/** How often switches are read again, in case a message was lost. */
const SWITCHES_MS = 2000;

export interface SubmissionLimits {
  waitersMax: number;
  queueDepthMax: number;
}

/** What submitting and waiting need in this process; disposing it stops the background work. */
export function startSubmission(
  store: Store,
  limits: SubmissionLimits,
  log: Logger,
): Submission & AsyncDisposable {
  const { switchboard, ledger, subscriptions, keys } = store;
  const replyChannel = keys.endedChannel(randomUUID());
  const onError = (error: unknown): void => log.warn({ event: "submission.failed", err: error });
  const waiters = new WaiterTable({
    subscriptions,
    channel: replyChannel,
    statusOf: async (taskId) => await ledger.records.statusOf(taskId),
    isParked: (dropletName) => queueSettings(switchboard.of(dropletName)).isPaused,
    onError,
  });
  switchboard.onChange(() => waiters.lookAtParked());
  const depths = new QueueDepths(store.queues, onError);
  const lag = watchEventLoopLag();
  const admission = new Admission({ switchboard, depths, waiters, lag, ...limits });
  const reloading = periodically(SWITCHES_MS, async () => await switchboard.reload(), {
    log,
    name: "switches",
  });
  return {
    store,
    waiters,
    replyChannel,
    onError,
    depths,
    admission,
    async [Symbol.asyncDispose]() {
      await reloading.stop();
      lag[Symbol.dispose]();
    },
  };
}
