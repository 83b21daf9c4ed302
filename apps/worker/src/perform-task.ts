import {
  cancelledEnd,
  deadlineEnd,
  decideAfterLoss,
  isPastDeadline,
  workerLostEnd,
} from "@orchestrator/core";
import type { Attempt, TaskEnd } from "@orchestrator/core";
import type {
  BeginVerdict,
  JobData,
  JobHistory,
  OpenAttempt,
  TaskLedger,
  Verdict,
} from "@orchestrator/queue";
import type { Logger } from "@orchestrator/runtime";
import type { CircuitReporter } from "./attempt/circuit-reporter.ts";
import {
  performAttempt,
  type AttemptSurroundings,
  type PerformedAttempt,
} from "./attempt/perform-attempt.ts";
import { afterTurn } from "./after-turn.ts";
import type { AttemptObserver } from "./metrics/attempt-metrics.ts";

export interface TaskSurroundings extends AttemptSurroundings {
  ledger: TaskLedger;
  workerId: string;
  circuits: CircuitReporter;
  observe: AttemptObserver;
  log: Logger;
}

/**
 * What a worker does with a job: begin the next attempt on record, make it, and settle what follows. The record
 * has the last word: a task that ended, was cancelled or was taken over meanwhile is left alone.
 */
export async function performTask(
  data: JobData,
  held: JobHistory,
  around: TaskSurroundings,
): Promise<Verdict> {
  const { task } = data;
  const { ledger } = around;
  if (isPastDeadline(task, Date.now())) {
    await ledger.submitted(task);
    const stored = await ledger.records.read(task.id);
    return await endWithoutAttempt(data, deadlineEnd(), stored?.attempts ?? [], around);
  }
  const onUnwanted = (): void => around.running.cancel(task.id);
  const begun = await ledger.begin(task, around.workerId, { ...held, onUnwanted });
  switch (begun.kind) {
    case "ended":
      await ledger.repair(task.id);
      return { kind: "succeeded" };
    case "cancelled":
      return await endWithoutAttempt(data, cancelledEnd(), begun.earlier, around);
    case "lost":
      return await goOnAfterLoss(data, begun, held, around);
    case "begun": {
      const performed = await performAttempt(data, begun.number, begun.earlier, around);
      if (performed.targetUrl !== null && !performed.wasStopped) {
        const { outcome, attempt } = performed;
        await around.circuits.report(task.dropletName, outcome, attempt.startedAt);
      }
      const verdict = await settle(data, performed, begun.earlier, around);
      // Whoever waits for the task does not wait for this.
      afterTurn(() => {
        logAttempt(data, performed, around);
        around.observe.attemptFinished(task, performed);
      });
      return verdict;
    }
  }
}

/** BullMQ gave the job up because too many workers vanished with it, without asking us. */
export async function endGivenUp(data: JobData, around: TaskSurroundings): Promise<void> {
  const { task, replyChannel } = data;
  const { ledger } = around;
  const stored = await ledger.records.read(task.id);
  const attempt = stored?.open ? lostAttempt(stored.open) : null;
  await ledger.end(
    {
      task,
      end: workerLostEnd(),
      nowMs: Date.now(),
      attempt,
      response: null,
      targetUrl: null,
      replyChannel,
      input: inputOf(data),
      force: attempt !== null,
    },
    [...(stored?.attempts ?? []), ...(attempt ? [attempt] : [])],
  );
}

async function settle(
  data: JobData,
  performed: PerformedAttempt,
  earlier: Attempt[],
  around: TaskSurroundings,
): Promise<Verdict> {
  const { task } = data;
  const { attempt, step, response, targetUrl } = performed;
  if (performed.wasStopped) return await handBack(data, performed, around);
  const nowMs = Date.now();
  if (step.kind === "finish") {
    const { replyChannel } = data;
    const input = { ...inputOf(data), payloadText: performed.sentBody };
    const what = { task, end: step.end, nowMs, attempt, response, targetUrl, replyChannel };
    const ending = { ...what, input };
    const end = around.ledger.endWithJob(ending, attempt);
    if (end !== null) return { kind: "succeeded", end };
    const { kind } = await around.ledger.end(ending, [...earlier, attempt]);
    if (kind !== "ended") await around.ledger.repair(task.id);
    return verdictOf(step.end);
  }
  const nextAttemptAt = nowMs + step.delayMs;
  const closed = { attempt, nextAttemptAt, response, targetUrl };
  const { kind } = await around.ledger.closeAttempt(task, closed);
  if (kind === "cancelled") {
    return await endWithoutAttempt(data, cancelledEnd(), [...earlier, attempt], around);
  }
  // Refused: another worker took over while we were away, and its attempt is the one that counts.
  if (kind === "refused") return { kind: "succeeded" };
  return { kind: "retry", delayMs: step.delayMs, reason: step.decision };
}

/** This process stops. What may have been sent stays open on record: whoever takes the task finds it lost. */
async function handBack(
  { task }: JobData,
  { attempt, outcome }: PerformedAttempt,
  { ledger }: TaskSurroundings,
): Promise<Verdict> {
  if (outcome.certainty === "not_sent") {
    const decision = "the worker stopped before anything was sent";
    const closed = { ...attempt, retryInMs: null, decision };
    await ledger.closeAttempt(task, {
      attempt: closed,
      nextAttemptAt: null,
      response: null,
      targetUrl: null,
    });
  } else await ledger.beginningWritten(task.id);
  return { kind: "hand_back" };
}

async function goOnAfterLoss(
  data: JobData,
  { open, earlier }: Extract<BeginVerdict, { kind: "lost" }>,
  held: JobHistory,
  around: TaskSurroundings,
): Promise<Verdict> {
  const { task } = data;
  const attempts = [...earlier, lostAttempt(open)];
  const decision = decideAfterLoss(task, attempts);
  around.observe.attemptLost(task);
  around.log.warn({
    event: "attempt.lost",
    task_id: task.id,
    trace_id: task.traceId,
    droplet: task.dropletName,
    attempt: open.number,
    lost_worker: open.worker,
    next: decision.kind,
  });
  const { kind } = await around.ledger.closeAttempt(task, {
    attempt: lostAttempt(open),
    nextAttemptAt: null,
    response: null,
    targetUrl: null,
  });
  // The wish outlives the worker that should have obeyed it, whatever else would follow from the loss.
  if (kind === "cancelled") return await endWithoutAttempt(data, cancelledEnd(), attempts, around);
  if (decision.kind === "finish")
    return await endWithoutAttempt(data, decision.end, attempts, around);
  return await performTask(data, held, around);
}

function lostAttempt(open: OpenAttempt): Attempt {
  return {
    number: open.number,
    startedAt: open.startedAt,
    durationMs: Date.now() - open.startedAt,
    outcome: "sent_no_response",
    responseStatus: null,
    error: "WORKER_LOST",
    retryInMs: null,
    decision: "its worker vanished",
  };
}

async function endWithoutAttempt(
  data: JobData,
  end: TaskEnd,
  attempts: Attempt[],
  { ledger, log }: TaskSurroundings,
): Promise<Verdict> {
  const { task, replyChannel } = data;
  const ending = { task, end, nowMs: Date.now(), attempt: null, response: null, targetUrl: null };
  const input = inputOf(data);
  const { kind } = await ledger.end({ ...ending, replyChannel, input }, attempts);
  if (kind !== "ended") await ledger.repair(task.id);
  log.info({
    event: "task.ended",
    task_id: task.id,
    trace_id: task.traceId,
    droplet: task.dropletName,
    status: end.status,
    error: end.error?.code,
  });
  return verdictOf(end);
}

/** So that Bull Board lists under `failed` what an operator looks for there. */
function verdictOf(end: TaskEnd): Verdict {
  if (end.status === "success" || end.status === "cancelled") return { kind: "succeeded" };
  return { kind: "failed", reason: end.error?.message ?? end.status };
}

function inputOf({ payload, headers }: JobData): Pick<JobData, "payload" | "headers"> {
  return { payload, headers };
}

/** The one wide line of an attempt. */
function logAttempt(
  { task }: JobData,
  { attempt, step, outcome, targetUrl }: PerformedAttempt,
  { log, workerId }: TaskSurroundings,
): void {
  log.info({
    event: "attempt.finished",
    task_id: task.id,
    trace_id: task.traceId,
    droplet: task.dropletName,
    method: task.method,
    target_url: targetUrl,
    attempt: attempt.number,
    outcome: attempt.outcome,
    fault: outcome.fault,
    response_status: attempt.responseStatus,
    error: attempt.error,
    duration_ms: attempt.durationMs,
    queued_ms: attempt.number === 1 ? attempt.startedAt - task.createdAt : undefined,
    next: step.kind,
    task_status: step.kind === "finish" ? step.end.status : "queued",
    retry_in_ms: attempt.retryInMs,
    decision: attempt.decision,
    worker: workerId,
  });
}
