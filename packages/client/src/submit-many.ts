import type { ErrorCode } from "./contract/error-codes.ts";
import type { TaskRequest } from "./contract/tasks.ts";
import { RefusedError } from "./orchestrator-error.ts";
import { sendTask, type Submitted } from "./submission.ts";
import type { Transport } from "./transport.ts";

const CONCURRENCY = 16;

export interface BatchItem {
  task: TaskRequest;
  /** Makes running the same batch again safe: a key of yours for this very task. */
  idempotencyKey?: string;
}

export interface BatchOptions {
  /** Requests under way at a time; 16 unless given. */
  concurrency?: number;
  signal?: AbortSignal;
}

/** What became of one task of a batch. */
export type BatchOutcome = { index: number; task: TaskRequest } & (
  | { kind: "submitted"; answer: Submitted; isJoined: boolean }
  | { kind: "refused"; error: RefusedError }
);

/** Refusals that are about the caller or the service, and not about this one task: the rest would fare no better. */
const ABOUT_ALL = new Set<ErrorCode>([
  "UNAUTHORIZED",
  "FORBIDDEN",
  "NOT_FOUND",
  "RATE_LIMITED",
  "QUEUE_FULL",
  "QUEUE_UNAVAILABLE",
  "OVERLOADED",
  "REGISTRY_ERROR",
  "INTERNAL_ERROR",
]);

/**
 * Submits any number of tasks, each under a key of its own, and gives what became of each as it is known: `index` is
 * its place. Input is read only as fast as it is submitted.
 * @throws what stops all of them: the service is gone or full for longer than `retryForMs`, or the key is refused
 */
export async function* submitMany(
  transport: Transport,
  items: Iterable<BatchItem> | AsyncIterable<BatchItem>,
  { concurrency = CONCURRENCY, signal }: BatchOptions,
): AsyncGenerator<BatchOutcome> {
  // What fails stops what is under way, and nothing is left unhandled behind our caller's back.
  const stop = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const running = new Map<number, Promise<BatchOutcome>>();
  const next = async (): Promise<BatchOutcome> => {
    const outcome = await Promise.race(running.values());
    running.delete(outcome.index);
    return outcome;
  };
  let index = 0;
  try {
    for await (const item of items) {
      stopped.throwIfAborted();
      const sent = submitOne(transport, item, index, stopped);
      sent.catch(() => {});
      running.set(index, sent);
      index++;
      if (running.size >= concurrency) yield await next();
    }
    while (running.size > 0) yield await next();
  } finally {
    stop.abort();
  }
}

async function submitOne(
  transport: Transport,
  { task, idempotencyKey }: BatchItem,
  index: number,
  signal: AbortSignal,
): Promise<BatchOutcome> {
  try {
    const options = { signal, ...(idempotencyKey !== undefined && { idempotencyKey }) };
    return { kind: "submitted", index, task, ...(await sendTask(transport, task, 0, options)) };
  } catch (error) {
    if (!(error instanceof RefusedError) || ABOUT_ALL.has(error.code)) throw error;
    return { kind: "refused", index, task, error };
  }
}
