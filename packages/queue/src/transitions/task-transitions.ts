import type { Task } from "@orchestrator/core";
import type { Redis } from "../redis/redis.ts";
import { historyValues, type HistoryEntry, type TaskHistory } from "../history/task-history.ts";
import type { EndVerdict } from "../records/record-scripts.ts";
import { writeTask } from "../records/stored-task.ts";
import type { EndOfTask, RecordVerdict, TaskRecords } from "../records/task-records.ts";
import type { Keys } from "../redis/keys.ts";
import { createAndList, endAndList } from "./transition-scripts.ts";

const CREATED_ALREADY = -1;

/** The first and the last step of a task, in its record and in the lists over all tasks. */
export class TaskTransitions {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #records: TaskRecords;
  readonly #history: TaskHistory;

  constructor(redis: Redis, keys: Keys, records: TaskRecords, history: TaskHistory) {
    this.#redis = redis;
    this.#keys = keys;
    this.#records = records;
    this.#history = history;
  }

  /** Nothing happens when the record is there already: the worker was faster, or the id is taken. */
  async create(task: Task, entry: HistoryEntry): Promise<void> {
    if (this.#redis.isCluster) {
      if (await this.#records.create(task)) await this.#history.record(entry);
      return;
    }
    const did = await createAndList(
      this.#redis,
      [this.#keys.record(task.id), this.#keys.all],
      [writeTask(task), ...historyValues(entry)],
    );
    if (did !== CREATED_ALREADY) this.#history.recorded(entry, did);
  }

  /** Whoever waits has been told when this resolves. In a Cluster they may hear of it before the lists know. */
  async end(
    ending: EndOfTask,
    entry: Omit<HistoryEntry, "revision">,
  ): Promise<RecordVerdict<EndVerdict>> {
    if (this.#redis.isCluster) {
      const verdict = await this.#records.end(ending);
      const { kind, revision } = verdict;
      if (kind === "ended") await this.#history.record({ ...entry, revision });
      return verdict;
    }
    const [kind, revision, bodyBytes, did] = await endAndList(
      this.#redis,
      [...this.#records.endKeys(ending.task.id), this.#keys.all],
      [...this.#records.endValues(ending), ...historyValues({ ...entry, revision: 0 })],
    );
    this.#history.recorded({ ...entry, revision }, did);
    return { kind, revision, bodyBytes };
  }
}
