import {
  attemptLimit,
  decideNextStep,
  type AddressPolicy,
  type Attempt,
  type AttemptLimit,
  type NextStep,
  type Outcome,
} from "@orchestrator/core";
import type { AttemptResponse, DropletDirectory, JobData } from "@orchestrator/queue";
import type { Dispatcher } from "undici";
import { exchangeWithDroplet, type Exchange } from "./exchange.ts";
import { findTarget } from "./find-target.ts";
import { outcomeOfExchange } from "./outcome-of-exchange.ts";
import { requestHeaders } from "./request-headers.ts";
import type { RunningAttempts } from "./running-attempts.ts";
import { StopReason } from "./stop-reason.ts";
import { storedResponse } from "./stored-response.ts";

export interface AttemptSurroundings {
  agent: Dispatcher;
  directory: Pick<DropletDirectory, "byName">;
  policy: AddressPolicy;
  running: RunningAttempts;
  responseBytesMax: number;
  version: string;
}

export interface PerformedAttempt {
  attempt: Attempt;
  step: NextStep;
  outcome: Outcome;
  response: AttemptResponse | null;
  targetUrl: string | null;
  /** This process stops and had to leave the attempt; whether the droplet got it is in `outcome`. */
  wasStopped: boolean;
}

/** One attempt from start to end: where to, the request, what came of it, and what to do next. */
export async function performAttempt(
  data: JobData,
  number: number,
  earlier: Attempt[],
  around: AttemptSurroundings,
): Promise<PerformedAttempt> {
  const { task } = data;
  const startedAt = Date.now();
  const limit = attemptLimit(task, earlier, startedAt);
  const target = findTarget(task, around.directory, around.policy);
  const { happened, outcome } =
    target.kind === "url"
      ? await callDroplet(data, number, target.url, limit, around)
      : { happened: null, outcome: target.outcome };
  const nowMs = Date.now();
  const durationMs = nowMs - startedAt;
  const step = decideNextStep({ task, earlier, outcome, durationMs, nowMs });
  return {
    attempt: describeAttempt(number, startedAt, durationMs, outcome, step),
    step,
    outcome,
    response: storedResponse(happened),
    targetUrl: target.kind === "url" ? target.url.href : null,
    wasStopped: isWorkerStopping(happened),
  };
}

/** The request, stopped by whichever comes first: its limit, a cancellation, a worker that stops. */
async function callDroplet(
  { task, payload, headers }: JobData,
  attemptNumber: number,
  url: URL,
  limit: AttemptLimit,
  { agent, running, responseBytesMax, version }: AttemptSurroundings,
): Promise<{ happened: Exchange; outcome: Outcome }> {
  const body = payload === null ? null : JSON.stringify(payload);
  const stopping = running.start(task.id);
  const timer = setTimeout(() => stopping.abort(new StopReason(limit.reason)), limit.ms);
  try {
    const happened = await exchangeWithDroplet(agent, {
      url,
      method: task.method,
      headers: requestHeaders({
        task,
        extra: headers,
        attemptNumber,
        limitMs: limit.ms,
        hasBody: body !== null,
        version,
      }),
      body,
      responseBytesMax,
      signal: stopping.signal,
    });
    return { happened, outcome: outcomeOfExchange(happened, limit.ms, Date.now()) };
  } finally {
    clearTimeout(timer);
    running.end(task.id);
  }
}

function describeAttempt(
  number: number,
  startedAt: number,
  durationMs: number,
  outcome: Outcome,
  step: NextStep,
): Attempt {
  return {
    number,
    startedAt,
    durationMs,
    outcome: outcome.certainty,
    responseStatus: outcome.status,
    error: outcome.message,
    retryInMs: step.kind === "retry" ? step.delayMs : null,
    decision: step.decision,
  };
}

function isWorkerStopping(happened: Exchange | null): boolean {
  if (happened?.kind !== "failed") return false;
  return happened.error instanceof StopReason && happened.error.because === "worker_stopping";
}
