import type { NOT_PLAIN, TakenJob } from "./job-moves.ts";

/** A job whose task has ended, as its consumer holds it. */
export interface HeldJob {
  /** What all keys of its queue begin with. */
  queue: string;
  token: string;
  /** Whether its consumer has room for another one. */
  wantsNext: boolean;
  /** How long the next one is locked. */
  lockMs: number;
  nowMs: number;
}

/** A consumer looks into its queue. */
export interface Look {
  /** What all keys of the queue begin with. */
  queue: string;
  /** Of the first job; the others have its `tokenOf`. */
  token: string;
  /** How many jobs it has room for, 0 = it only asks. */
  count: number;
  /** Whether it looks for stalled and delayed jobs as well, which only BullMQ's scripts can take. */
  isThorough: boolean;
  /** How long those that it takes are locked. */
  lockMs: number;
}

/** What became of a job whose task has ended. */
export type MovedOn =
  /** Nothing: its record knew better, and BullMQ's own script is to complete it. */
  | { kind: "unmoved" }
  /** It was not ours to complete any more; BullMQ's code. */
  | { kind: "refused"; code: number }
  /** NOT_PLAIN: what comes next only BullMQ's own script knows. */
  | { kind: "completed"; next: NextJob | typeof NOT_PLAIN };

/** What comes after a completed job. */
export interface NextJob {
  job: TakenJob | null;
  /** When the next delayed job is due, 0 = there is none. */
  nextDueAt: number;
}

/** Writes down the end of a task, completes its job and takes the next one, in one step. */
export type EndWithJob = (job: HeldJob) => Promise<MovedOn>;
