import { backoffMs } from "@orchestrator/core";
import { DelayedError, UnrecoverableError, type Job } from "bullmq";
import type { EndWithJob } from "./job-requests.ts";
import type { JobData } from "./job-data.ts";

/** What became of a job, in our words. */
export type Verdict =
  /** With an `end`, that of the task is still to be written down: together with the job's. */
  | { kind: "succeeded"; end?: EndWithJob }
  | { kind: "failed"; reason: string }
  | { kind: "retry"; delayMs: number; reason: string }
  /** Nobody's fault: another worker should take it at once. */
  | { kind: "hand_back" }
  /** Not for this process to run: a newer worker should, soon. */
  | { kind: "leave"; delayMs: number };

/** The one place where our decision becomes BullMQ's: it learns by what the processor throws. */
export async function applyVerdict(verdict: Verdict, job: Job<JobData>): Promise<void> {
  switch (verdict.kind) {
    case "succeeded":
      return;
    case "failed":
      throw new UnrecoverableError(verdict.reason);
    case "retry":
      // BullMQ's own exponential backoff, unless the wait is another: Retry-After, or a count that differs
      // because a worker was lost.
      if (verdict.delayMs !== backoffMs(job.attemptsMade + 1)) {
        job.opts.backoff = { type: "fixed", delay: verdict.delayMs };
      }
      throw new Error(verdict.reason);
    case "hand_back":
      await handBack(job);
      throw new DelayedError(verdict.kind);
    case "leave":
      if (job.token !== undefined) await job.moveToDelayed(Date.now() + verdict.delayMs, job.token);
      throw new DelayedError(verdict.kind);
  }
}

/**
 * As delayed until now: BullMQ's move to the waiting ones wakes nobody when the job has a priority, and it would lie there
 * until an idle worker looks again by itself.
 */
export async function handBack(job: Job<JobData>): Promise<void> {
  if (job.token !== undefined) await job.moveToDelayed(Date.now(), job.token);
}
