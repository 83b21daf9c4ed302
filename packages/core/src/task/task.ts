import type { Method, Priority } from "@orchestrator/contract";

/** Where the final record goes, with what its own task is to be given. */
export interface TaskCallback {
  dropletName: string;
  path: string;
  timeoutMs: number;
  maxRetries: number;
}

/**
 * A task as it is stored: what the caller asked for with every default filled in, so that a change of
 * configuration never changes a task that is already on its way. Times are epoch milliseconds.
 */
export interface Task {
  id: string;
  /** The name as the droplet list spelled it at acceptance; resolved anew at each attempt. */
  dropletName: string;
  method: Method;
  path: string;
  priority: Priority;
  meta: Record<string, unknown>;
  traceId: string;
  traceparent: string | null;
  /** Who asked, when sign-in is on. */
  caller: string | null;
  createdAt: number;
  delayMs: number;
  deadlineAt: number | null;
  timeoutMs: number;
  attemptTimeoutMs: number;
  maxRetries: number;
  delivery: "at_least_once" | "at_most_once";
  callback: TaskCallback | null;
  replayedFrom: string | null;
  /** How many orchestrators this work has passed through, ours included. */
  hops: number;
  /** Where the Idempotency-Key of this task is claimed, if the caller gave one. */
  claim: string | null;
}
