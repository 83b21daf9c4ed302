import type { Attempt, StoredResponse, Task, TaskEnd } from "@orchestrator/core";
import type { EndedInput } from "./kept-input.ts";
import type { OpenAttempt } from "./stored-task.ts";

/** An answer together with its whole body when that is too large for the record. */
export interface AttemptResponse {
  stored: StoredResponse;
  /** JSON text, null when the body is in `stored`. */
  wholeBody: string | null;
}

export type BeginVerdict =
  | {
      kind: "begun";
      revision: number;
      number: number;
      earlier: Attempt[];
      /** Somebody wishes it cancelled; only known of an attempt that is written down late. */
      isCancelWished: boolean;
    }
  | { kind: "lost"; revision: number; open: OpenAttempt; earlier: Attempt[] }
  | { kind: "cancelled"; revision: number; earlier: Attempt[] }
  | { kind: "ended" };

export interface ClosedAttempt {
  attempt: Attempt;
  nextAttemptAt: number | null;
  response: AttemptResponse | null;
  targetUrl: string | null;
}

export interface EndOfTask {
  task: Task;
  end: TaskEnd;
  nowMs: number;
  /** The open attempt that ended it; null when it ended without one. */
  attempt: Attempt | null;
  response: AttemptResponse | null;
  targetUrl: string | null;
  /** The channel of the API process that submitted it, when a caller waits there. */
  replyChannel: string | null;
  input: EndedInput | null;
  /** End it although an attempt is open: its worker has had its time. */
  force?: boolean;
  /** Not while a worker holds the job: its first attempt may be under way without being on record. */
  unlessHeld?: boolean;
}

/** How an attempt begins. */
export interface Beginning {
  task: Task;
  worker: string;
  startedAt: number;
  /** To be taken for begun, and lost, should the record not know of any attempt. */
  assumed?: OpenAttempt | null;
  /** It is under way: only what the record says of others can stop it. */
  isLate?: boolean;
}

export interface RecordVerdict<Kind extends string> {
  kind: Kind;
  revision: number;
  /** Of the whole body that is kept beside the record now, 0 when it has gone, -1 when there was none. */
  bodyBytes: number;
}
