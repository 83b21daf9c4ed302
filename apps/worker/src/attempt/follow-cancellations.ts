import type { Store } from "@orchestrator/queue";
import { periodically, type Logger } from "@orchestrator/runtime";
import type { RunningAttempts } from "./running-attempts.ts";

/** How often the records of running tasks are asked, in case a message was lost. */
const LOOK_MS = 2000;

/** Aborts running attempts whose task somebody wishes cancelled. */
export function followCancellations(
  { subscriptions, keys, ledger }: Store,
  running: RunningAttempts,
  log: Logger,
): AsyncDisposable {
  subscriptions
    .listen(keys.cancelChannel, (taskId) => running.cancel(taskId))
    .catch((error: unknown) => log.warn({ event: "cancellations.failed", err: error }));

  async function look(): Promise<void> {
    const wished = await ledger.records.cancelWished(running.taskIds);
    for (const taskId of wished) running.cancel(taskId);
  }
  const looking = periodically(LOOK_MS, look, { log, name: "cancellations" });
  return { [Symbol.asyncDispose]: async () => await looking.stop() };
}
