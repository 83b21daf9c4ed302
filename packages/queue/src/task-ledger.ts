import type { Attempt, Task } from "@orchestrator/core";
import { retriesMade } from "@orchestrator/core";
import { historyEntryOf, type HistoryEntry, type TaskHistory } from "./history/task-history.ts";
import type { CloseVerdict, EndVerdict } from "./records/record-scripts.ts";
import type {
  BeginVerdict,
  ClosedAttempt,
  EndOfTask,
  RecordVerdict,
  TaskRecords,
} from "./records/task-records.ts";

/**
 * What happens to a task, written down: first its record, which decides, then the lists over all tasks, which
 * follow. Whoever dies between the two leaves a job behind whose next worker repeats the second step.
 */
export class TaskLedger {
  readonly records: TaskRecords;
  readonly history: TaskHistory;
  readonly #onError: (error: unknown) => void;

  constructor(records: TaskRecords, history: TaskHistory, onError: (error: unknown) => void) {
    this.records = records;
    this.history = history;
    this.#onError = onError;
  }

  /** After the job was added. */
  async submitted(task: Task): Promise<void> {
    if (!(await this.records.create(task))) return;
    await this.history.record({ ...neverStarted(task), status: "queued", revision: 1 });
  }

  async begin(task: Task, worker: string): Promise<BeginVerdict> {
    const verdict = await this.records.begin(task, worker, Date.now());
    if (verdict.kind === "begun") {
      const retries = retriesMade(verdict.earlier, true);
      const { revision } = verdict;
      // Nobody waits for the lists to say "running": the attempt goes ahead.
      this.history
        .record({ ...neverStarted(task), status: "running", revision, retries })
        .catch(this.#onError);
    }
    return verdict;
  }

  async closeAttempt(task: Task, closed: ClosedAttempt): Promise<RecordVerdict<CloseVerdict>> {
    const verdict = await this.records.closeAttempt(task, closed);
    if (verdict.kind !== "refused") {
      await this.history.record({
        ...neverStarted(task),
        status: "queued",
        revision: verdict.revision,
      });
    }
    return verdict;
  }

  async end(ending: EndOfTask, attempts: readonly Attempt[]): Promise<RecordVerdict<EndVerdict>> {
    const verdict = await this.records.end(ending);
    if (verdict.kind === "ended") {
      await this.history.record({
        task: ending.task,
        status: ending.end.status,
        revision: verdict.revision,
        completedAt: ending.nowMs,
        durationMs: attempts[0] ? ending.nowMs - attempts[0].startedAt : 0,
        retries: retriesMade(attempts, false),
      });
    }
    return verdict;
  }

  /** Brings the lists up to a record that ended before its second step was done. */
  async repair(taskId: string): Promise<void> {
    const stored = await this.records.read(taskId);
    if (stored) await this.history.record(historyEntryOf(stored));
  }
}

function neverStarted(task: Task): Omit<HistoryEntry, "status" | "revision"> {
  return { task, completedAt: null, durationMs: 0, retries: 0 };
}
