import type { Task } from "@orchestrator/core";
import { historyValues, type HistoryEntry, type TaskHistory } from "../history/task-history.ts";
import {
  bodyBytesOf,
  endAtOnceValues,
  REVISION_AT_ONCE,
  type EndAtOnce,
} from "../records/end-at-once.ts";
import type { EndVerdict } from "../records/record-scripts.ts";
import type { EndOfTask, RecordVerdict, TaskRecords } from "../records/task-records.ts";
import type { Keys } from "../redis/keys.ts";
import type { Redis } from "../redis/redis.ts";
import { TurnBatch } from "../redis/turn-batch.ts";
import { writeTask } from "../records/stored-task.ts";
import { createAndList, endAndList, endAtOnceAndList, NOT_LISTED } from "./transition-scripts.ts";

/** Tasks in one script at most: bounds how long Redis is held up. */
const TOGETHER_MAX = 50;

type Ended = RecordVerdict<EndVerdict>;
type EntryOfEnd = Omit<HistoryEntry, "revision">;

interface Creation {
  task: Task;
  entry: HistoryEntry;
}

interface AtOnce {
  ending: EndAtOnce;
  entry: HistoryEntry;
}

/** The first and the last step of a task, in its record and in the lists over all tasks. */
export class TaskTransitions {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #records: TaskRecords;
  readonly #history: TaskHistory;
  readonly #creations = new TurnBatch<Creation, number>(
    async (all) => await inParts(all, async (part) => await this.#createTogether(part)),
  );
  readonly #endings = new TurnBatch<AtOnce, number>(
    async (all) => await inParts(all, async (part) => await this.#endTogether(part)),
  );

  constructor(redis: Redis, keys: Keys, records: TaskRecords, history: TaskHistory) {
    this.#redis = redis;
    this.#keys = keys;
    this.#records = records;
    this.#history = history;
  }

  /**
   * Whether the first attempt of a task may go ahead before it is on record. Not where a promise rests on the record: at
   * most one call, a deadline that others watch; nor in a Cluster, where no script sees both record and job.
   */
  mayBeginLate({ delivery, deadlineAt }: Task): boolean {
    return delivery === "at_least_once" && deadlineAt === null && !this.#redis.isCluster;
  }

  /** Nothing happens when the record is there already: the worker was faster, or the id is taken. */
  async create(task: Task, entry: HistoryEntry): Promise<void> {
    if (this.#redis.isCluster) {
      if (await this.#records.create(task)) await this.#history.record(entry);
      return;
    }
    const did = await this.#creations.add({ task, entry });
    if (did !== NOT_LISTED) this.#history.recorded(entry, did);
  }

  /** Whoever waits has been told when this resolves. In a Cluster they may hear of it before the lists know. */
  async end(ending: EndOfTask, entry: EntryOfEnd): Promise<Ended> {
    const { task } = ending;
    if (this.#redis.isCluster) {
      const verdict = await this.#records.end(ending);
      const { kind, revision } = verdict;
      if (kind === "ended") await this.#history.record({ ...entry, revision });
      return verdict;
    }
    const [kind, revision, bodyBytes, did] = await endAndList(
      this.#redis,
      [
        ...this.#records.endKeys(task.id),
        this.#keys.all,
        this.#keys.jobLock(task.dropletName, task.id),
        this.#keys.job(task.dropletName, task.id),
      ],
      [...this.#records.endValues(ending), ...historyValues({ ...entry, revision: 0 })],
    );
    if (did !== NOT_LISTED) this.#history.recorded({ ...entry, revision }, did);
    return { kind, revision, bodyBytes };
  }

  /** The end of a task whose only attempt nobody has written down. Whoever waits has been told when this resolves. */
  async endAtOnce(ending: EndAtOnce, ended: EntryOfEnd): Promise<Ended> {
    const ran = { revision: REVISION_AT_ONCE.running, retries: 0 };
    const entry = { ...ended, ran, revision: REVISION_AT_ONCE.ended };
    const did = await this.#endings.add({ ending, entry });
    if (did === NOT_LISTED) return { kind: "refused", revision: 0, bodyBytes: -1 };
    this.#history.recorded(entry, did);
    return { kind: "ended", revision: entry.revision, bodyBytes: bodyBytesOf(ending) };
  }

  async #createTogether(all: readonly Creation[]): Promise<number[]> {
    const records = all.map(({ task }) => this.#keys.record(task.id));
    const values = all.flatMap(({ task, entry }) => [writeTask(task), ...historyValues(entry)]);
    return await createAndList(this.#redis, [...records, this.#keys.all], values);
  }

  async #endTogether(all: readonly AtOnce[]): Promise<number[]> {
    const keys = all.flatMap(({ ending }) => this.#records.endKeys(ending.task.id));
    const { resultKeepMs } = this.#records;
    const values = all.flatMap(({ ending, entry }) => [
      ...endAtOnceValues(ending, resultKeepMs),
      ...historyValues(entry),
    ]);
    return await endAtOnceAndList(this.#redis, [...keys, this.#keys.all], values);
  }
}

async function inParts<Item, Answer>(
  all: readonly Item[],
  run: (part: Item[]) => Promise<Answer[]>,
): Promise<Answer[]> {
  const parts: Item[][] = [];
  for (let at = 0; at < all.length; at += TOGETHER_MAX)
    parts.push(all.slice(at, at + TOGETHER_MAX));
  return (await Promise.all(parts.map(run))).flat();
}
