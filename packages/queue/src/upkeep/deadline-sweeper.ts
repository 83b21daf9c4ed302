import { deadlineEnd } from "@orchestrator/core";
import type { DispatchQueues } from "../dispatch/dispatch-queues.ts";
import type { TaskLedger } from "../task-ledger.ts";

/** Tasks ended in one round; the rest follow in the next. */
const ROUND_MAX = 500;

/** A worker aborts its attempt at the deadline itself; after this grace it is taken for gone. */
const RUNNING_GRACE_MS = 1000;

export interface DeadlineSweeper {
  ledger: TaskLedger;
  queues: DispatchQueues;
}

/**
 * Ends every task whose deadline has passed although no worker ran it: paused, parked, delayed or behind a
 * backlog. Any number of processes may sweep; the record lets one of them win.
 * @returns how many tasks this round ended
 */
export async function sweepDeadlines(
  { ledger, queues }: DeadlineSweeper,
  nowMs: number,
): Promise<number> {
  const ids = await ledger.history.pastDeadline(nowMs, ROUND_MAX);
  const ended = await Promise.all(ids.map(async (id) => await endOverdue(id)));
  return ended.filter(Boolean).length;

  async function endOverdue(taskId: string): Promise<boolean> {
    const stored = await ledger.records.read(taskId);
    if (stored === null) return false;
    const { task, attempts, open } = stored;
    const job = await queues.find(task.dropletName, taskId);
    const isWorkersTurn = open !== null && nowMs < (task.deadlineAt ?? 0) + RUNNING_GRACE_MS;
    if (isWorkersTurn) return false;
    const verdict = await ledger.endOutsideJob(
      {
        task,
        end: deadlineEnd(),
        nowMs,
        attempt: open && {
          number: open.number,
          startedAt: open.startedAt,
          durationMs: nowMs - open.startedAt,
          outcome: "sent_no_response",
          responseStatus: null,
          error: "DEADLINE_EXCEEDED",
          retryInMs: null,
          decision: "the deadline passed and its worker did not report",
        },
        response: null,
        targetUrl: null,
        replyChannel: job?.replyChannel ?? null,
        input: job,
        force: open !== null,
      },
      attempts,
    );
    if (verdict.kind === "refused") {
      await ledger.repair(taskId);
      await queues.remove(task.dropletName, taskId);
    }
    return verdict.kind === "ended";
  }
}
