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
import type { Tracing } from "@orchestrator/runtime";
import type { Dispatcher } from "undici";
import { exchangeWithDroplet, type Exchange } from "./exchange.ts";
import { findTarget } from "./find-target.ts";
import { outcomeOfExchange } from "./outcome-of-exchange.ts";
import { requestHeaders } from "./request-headers.ts";
import type { RunningAttempts } from "./running-attempts.ts";
import { StopReason } from "./stop-reason.ts";
import { storedResponse } from "./stored-response.ts";
import { traceAttempt } from "../tracing/trace-attempt.ts";

export interface AttemptSurroundings {
  agent: Dispatcher;
  directory: Pick<DropletDirectory, "byName">;
  policy: AddressPolicy;
  running: RunningAttempts;
  responseBytesMax: number;
  version: string;
  /** Null when nothing is traced. */
  tracing: Tracing | null;
}

export interface PerformedAttempt {
  attempt: Attempt;
  step: NextStep;
  outcome: Outcome;
  response: AttemptResponse | null;
  targetUrl: string | null;
  /** The payload as it was sent, null when none was. */
  sentBody: string | null;
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
  const trace = traceAttempt(around.tracing, task, { number, startedAt, earlier });
  const target = findTarget(task, around.directory, around.policy);
  const { happened, outcome, body } =
    target.kind === "url"
      ? await callDroplet(data, { number, url: target.url, limit, ...trace }, around)
      : { happened: null, outcome: target.outcome, body: null };
  const nowMs = Date.now();
  const durationMs = nowMs - startedAt;
  const step = decideNextStep({ task, earlier, outcome, durationMs, nowMs });
  const targetUrl = target.kind === "url" ? target.url : null;
  trace.end({ outcome, targetUrl, decision: step.decision, endedAt: nowMs });
  return {
    attempt: describeAttempt(number, startedAt, durationMs, outcome, step),
    step,
    outcome,
    response: storedResponse(happened),
    targetUrl: targetUrl?.href ?? null,
    sentBody: body,
    wasStopped: isWorkerStopping(happened),
  };
}

/** The request, stopped by whichever comes first: its limit, a cancellation, a worker that stops. */
async function callDroplet(
  { task, payload, headers }: JobData,
  call: { number: number; url: URL; limit: AttemptLimit; traceparent: string },
  { agent, running, responseBytesMax, version }: AttemptSurroundings,
): Promise<{ happened: Exchange; outcome: Outcome; body: string | null }> {
  const { url, limit, number: attemptNumber, traceparent } = call;
  const body = payload === null ? null : JSON.stringify(payload);
  const stopping = running.start(task.id);
  const timer = setTimeout(() => stopping.stop(limit.reason), limit.ms);
  try {
    const happened = await exchangeWithDroplet(agent, {
      url,
      method: task.method,
      headers: requestHeaders({
        task,
        extra: headers,
        traceparent,
        attemptNumber,
        limitMs: limit.ms,
        hasBody: body !== null,
        version,
      }),
      body,
      responseBytesMax,
      stopping,
    });
    return { happened, outcome: outcomeOfExchange(happened, limit.ms, Date.now()), body };
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
