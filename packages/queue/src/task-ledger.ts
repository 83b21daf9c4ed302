import type { Attempt, Task } from "@orchestrator/core";
import { retriesMade } from "@orchestrator/core";
import { isEnded } from "@orchestrator/contract";
import { followUpEnd } from "./after-end.ts";
import type { TaskClaims } from "./claims/task-claims.ts";
import type { EndWithJob } from "./dispatch/job-requests.ts";
import type { JobData, JobHistory } from "./dispatch/job-data.ts";
import type { DispatchQueues } from "./dispatch/dispatch-queues.ts";
import { historyEntryOf, type HistoryEntry, type TaskHistory } from "./history/task-history.ts";
import type { BodyBudget } from "./records/body-budget.ts";
import type { CloseVerdict, EndVerdict } from "./records/record-scripts.ts";
import { REVISION_AT_ONCE } from "./records/end-at-once.ts";
import type { OpenAttempt } from "./records/stored-task.ts";
import type {
  Beginning,
  BeginVerdict,
  ClosedAttempt,
  EndOfTask,
  RecordVerdict,
} from "./records/record-steps.ts";
import type { TaskRecords } from "./records/task-records.ts";
import { LateBeginnings } from "./transitions/late-beginnings.ts";
import type { JobTurns } from "./transitions/job-turns.ts";
import type { TaskTransitions } from "./transitions/task-transitions.ts";

/** A task that runs for less than this is never listed as running: most have ended by then. */
const LIST_RUNNING_AFTER_MS = 50;

export interface TaskLedgerParts {
  records: TaskRecords;
  history: TaskHistory;
  transitions: TaskTransitions;
  turns: JobTurns;
  bodies: BodyBudget;
  claims: TaskClaims;
  queues: DispatchQueues;
  onError: (error: unknown) => void;
}

/** A worker holds a task. */
export interface Delivery extends JobHistory {
  /** Called when an attempt that is under way turns out to be nobody's wish any more. */
  onUnwanted: () => void;
}

/**
 * What happens to a task, written down: its record, which decides, with it the lists over all tasks, then whatever its
 * end sets off. Whoever dies in between leaves a job behind whose next worker repeats the rest.
 */
export class TaskLedger {
  readonly records: TaskRecords;
  readonly history: TaskHistory;
  readonly #parts: TaskLedgerParts;
  readonly #late: LateBeginnings;
  /** Tasks that run but are not listed so yet. */
  readonly #unlisted = new Map<string, { entry: HistoryEntry; timer: NodeJS.Timeout }>();

  constructor(parts: TaskLedgerParts) {
    this.records = parts.records;
    this.history = parts.history;
    this.#parts = parts;
    this.#late = new LateBeginnings(parts.onError);
  }

  /**
   * The task is accepted when this resolves: its job is the truth from here on. Submitting a task twice is submitting it
   * once.
   * @param listing soon: most have ended by then; at_once: for many together, and for one that others may have submitted
   */
  async submit(data: JobData, listing: "at_once" | "soon"): Promise<void> {
    const { transitions, queues, history, onError } = this.#parts;
    const { task } = data;
    if (transitions.maySubmitAtOnce(task)) {
      // Deadlines are watched in the lists.
      const isListedAtOnce = listing === "at_once" || task.deadlineAt !== null;
      await transitions.submit(data, justQueued(task), isListedAtOnce);
      if (!isListedAtOnce) history.unlisted.listSoon(onError);
      return;
    }
    await queues.add(data);
    // A record that cannot be written now is made by the worker.
    await this.submitted(task).catch(onError);
  }

  /** After the job was added without its record. */
  async submitted(task: Task): Promise<void> {
    await this.#parts.transitions.create(task, justQueued(task));
  }

  /**
   * Before anything is sent. The first attempt goes ahead at once where the task allows it: it is on record with its end,
   * or once it has taken a while.
   */
  async begin(task: Task, worker: string, delivery: Delivery): Promise<BeginVerdict> {
    const startedAt = Date.now();
    const mayBeginLate = this.#parts.transitions.mayBeginLate(task);
    if (mayBeginLate && delivery.isFirst) {
      const writeDown = async (): Promise<void> =>
        await this.#beginLate({ task, worker, startedAt }, delivery);
      this.#late.start(task, writeDown);
      const revision = REVISION_AT_ONCE.running;
      return { kind: "begun", revision, number: 1, earlier: [], isCancelWished: false };
    }
    const assumed = mayBeginLate && delivery.wasStalled ? unseenAttempt(task) : null;
    const verdict = await this.records.begin({ task, worker, startedAt, assumed });
    if (verdict.kind === "begun") {
      const retries = retriesMade(verdict.earlier, true);
      const { revision } = verdict;
      this.#listRunningLater({ ...neverStarted(task), status: "running", revision, retries });
    }
    return verdict;
  }

  async closeAttempt(task: Task, closed: ClosedAttempt): Promise<RecordVerdict<CloseVerdict>> {
    await this.beginningWritten(task.id);
    const ran = this.#takeUnlisted(task.id);
    const verdict = await this.records.closeAttempt(task, closed);
    if (verdict.kind === "refused") return verdict;
    const { revision } = verdict;
    const entry = { ...neverStarted(task), status: "queued" as const, revision, ran };
    await Promise.all([
      this.history.record(entry),
      this.#countBody(task.id, verdict.bodyBytes, Date.now()),
    ]);
    return verdict;
  }

  /** @param attempts all of the task, the one that ended it included */
  async end(ending: EndOfTask, attempts: readonly Attempt[]): Promise<RecordVerdict<EndVerdict>> {
    const { task, attempt, nowMs } = ending;
    const { transitions } = this.#parts;
    const isUnwritten = await this.#late.takeUnwritten(task.id);
    const entry = { ...entryOfEnd(ending, attempts), ran: this.#takeUnlisted(task.id) };
    const verdict =
      isUnwritten && attempt !== null
        ? await transitions.endAtOnce({ ...ending, attempt }, entry)
        : await transitions.end(ending, entry);
    if (verdict.kind !== "ended") return verdict;
    await Promise.all([this.#countBody(task.id, verdict.bodyBytes, nowMs), this.#followUp(task)]);
    return verdict;
  }

  /**
   * The end of a task as one step with that of its job, for whoever completes the job to take.
   * @returns null where it must come before, by `end`: what follows it would be lost if we were, or something is on record
   */
  endWithJob(ending: EndOfTask, only: Attempt): EndWithJob | null {
    const { task, end, response } = ending;
    const isFollowedUp = task.claim !== null || task.callback !== null || response?.wholeBody;
    if (end.status !== "success" || isFollowedUp || !this.#late.dropUnwritten(task.id)) return null;
    const entry = entryOfEnd(ending, [only]);
    return async (job) => {
      const moved = await this.#parts.turns.endWithJob({ ...ending, attempt: only }, entry, job);
      if (moved.kind === "unmoved") await this.repair(task.id);
      return moved;
    };
  }

  /** Resolves when the attempt that this process makes for a task is on record. */
  async beginningWritten(taskId: string): Promise<void> {
    await this.#late.write(taskId);
  }

  /**
   * Ends a task whose job nobody holds, and takes the job out. A worker that dies leaves its job to the next one; here
   * there may be none until the job is due, so that it is noted first (not in the script that ends it: the note is in
   * another slot of a Redis Cluster): the reconciler does what is left undone.
   */
  async endOutsideJob(
    ending: EndOfTask,
    attempts: readonly Attempt[] = [],
  ): Promise<RecordVerdict<EndVerdict>> {
    const { task, nowMs } = ending;
    await this.history.noteEnding(task.id, nowMs);
    const unlessHeld = this.#parts.transitions.mayBeginLate(task);
    const verdict = await this.end({ ...ending, unlessHeld }, attempts);
    if (verdict.kind === "ended") await this.#parts.queues.remove(task.dropletName, task.id);
    await this.history.endingDone(task.id);
    return verdict;
  }

  /** Repeats what follows a record that ended: whoever ended it may have died before. */
  async repair(taskId: string): Promise<void> {
    const stored = await this.records.read(taskId);
    if (stored === null) return;
    await this.history.record(historyEntryOf(stored));
    if (isEnded(stored.status)) await this.#followUp(stored.task);
  }

  /** Of tasks that were trimmed from the history nothing stays; their claims live by their own rules. */
  async drop(taskIds: readonly string[]): Promise<void> {
    await Promise.all([this.records.drop(taskIds), this.#parts.bodies.forget(taskIds)]);
  }

  /** The attempt is under way: it is stopped when its task was cancelled, or went to another worker, in the meantime. */
  async #beginLate(beginning: Beginning, { onUnwanted }: Delivery): Promise<void> {
    const { task } = beginning;
    const verdict = await this.records.begin({ ...beginning, isLate: true });
    if (verdict.kind !== "begun" || verdict.isCancelWished) onUnwanted();
    if (verdict.kind !== "begun") return;
    const { revision } = verdict;
    await this.history.record({ ...neverStarted(task), status: "running", revision });
  }

  /** Nobody waits for the lists to say "running": the attempt goes ahead. */
  #listRunningLater(entry: HistoryEntry): void {
    const { id } = entry.task;
    const timer = setTimeout(() => {
      this.#unlisted.delete(id);
      this.history.record(entry).catch(this.#parts.onError);
    }, LIST_RUNNING_AFTER_MS);
    this.#unlisted.set(id, { entry, timer });
  }

  #takeUnlisted(taskId: string): HistoryEntry | null {
    const unlisted = this.#unlisted.get(taskId);
    if (unlisted === undefined) return null;
    clearTimeout(unlisted.timer);
    this.#unlisted.delete(taskId);
    return unlisted.entry;
  }

  async #followUp(task: Task): Promise<void> {
    const submit = async (data: JobData): Promise<void> => await this.submit(data, "at_once");
    await followUpEnd(task, { ...this.#parts, submit });
  }

  async #countBody(taskId: string, bytes: number, nowMs: number): Promise<void> {
    if (bytes >= 0) await this.#parts.bodies.count(taskId, bytes, nowMs);
  }
}

/** What a worker that vanished had begun, as far as anybody knows: it may have begun when the task was due. */
function unseenAttempt({ createdAt, delayMs }: Task): OpenAttempt {
  return { number: 1, startedAt: createdAt + delayMs, worker: "unknown" };
}

function justQueued(task: Task): HistoryEntry {
  return { ...neverStarted(task), status: "queued", revision: 1 };
}

function entryOfEnd({ task, end, nowMs }: EndOfTask, attempts: readonly Attempt[]) {
  return {
    task,
    status: end.status,
    completedAt: nowMs,
    durationMs: attempts[0] ? nowMs - attempts[0].startedAt : null,
    retries: retriesMade(attempts, false),
  };
}

function neverStarted(task: Task): Omit<HistoryEntry, "status" | "revision"> {
  return { task, completedAt: null, durationMs: null, retries: 0 };
}
