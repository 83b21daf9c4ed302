import type { Task } from "@orchestrator/core";
import { storedOptions, type DispatchQueues } from "../dispatch/dispatch-queues.ts";
import { jobDataTail, type JobData } from "../dispatch/job-data.ts";
import { historyValues, type HistoryEntry, type TaskHistory } from "../history/task-history.ts";
import {
  bodyBytesOf,
  endAtOnceValues,
  REVISION_AT_ONCE,
  type EndAtOnce,
} from "../records/end-at-once.ts";
import type { EndVerdict } from "../records/record-scripts.ts";
import type { EndOfTask, RecordVerdict } from "../records/record-steps.ts";
import type { TaskRecords } from "../records/task-records.ts";
import { inParts } from "../redis/in-parts.ts";
import type { Keys } from "../redis/keys.ts";
import type { Redis } from "../redis/redis.ts";
import { TurnBatch } from "../redis/turn-batch.ts";
import { writeTask } from "../records/stored-task.ts";
import {
  createAndList,
  endAndList,
  endAtOnceAndList,
  NOT_LISTED,
  submitAndList,
} from "./transition-scripts.ts";

type Ended = RecordVerdict<EndVerdict>;
type EntryOfEnd = Omit<HistoryEntry, "revision">;

interface Creation {
  task: Task;
  entry: HistoryEntry;
}

interface Submission {
  data: JobData;
  entry: HistoryEntry;
  isListedAtOnce: boolean;
}

interface AtOnce {
  ending: EndAtOnce;
  entry: HistoryEntry;
}

export interface TransitionParts {
  redis: Redis;
  /** On which jobs are moved, so that these scripts and BullMQ's keep their order. */
  bullMqRedis: Redis;
  keys: Keys;
  records: TaskRecords;
  history: TaskHistory;
  queues: DispatchQueues;
}

/** The first and the last step of a task: in its queue, in its record and in the lists over all tasks. */
export class TaskTransitions {
  readonly #redis: Redis;
  readonly #bullMqRedis: Redis;
  readonly #keys: Keys;
  readonly #records: TaskRecords;
  readonly #history: TaskHistory;
  readonly #queues: DispatchQueues;
  readonly #submissions = new TurnBatch<Submission, number>(
    async (all) => await inParts(all, async (part) => await this.#submitTogether(part)),
  );
  readonly #creations = new TurnBatch<Creation, number>(
    async (all) => await inParts(all, async (part) => await this.#createTogether(part)),
  );
  readonly #endings = new TurnBatch<AtOnce, number>(
    async (all) => await inParts(all, async (part) => await this.#endTogether(part)),
  );

  constructor(parts: TransitionParts) {
    this.#redis = parts.redis;
    this.#bullMqRedis = parts.bullMqRedis;
    this.#keys = parts.keys;
    this.#records = parts.records;
    this.#history = parts.history;
    this.#queues = parts.queues;
  }

  /** Whether job, record and lists can be made by one script: not in a Cluster, and BullMQ delays a job by another. */
  maySubmitAtOnce({ delayMs }: Task): boolean {
    return delayMs === 0 && !this.#redis.isCluster;
  }

  /** Adds the job, and with it the record or a note that it has none yet. Doing it twice is doing it once. */
  async submit(data: JobData, entry: HistoryEntry, isListedAtOnce: boolean): Promise<void> {
    await this.#queues.open(data.task.dropletName);
    const did = await this.#submissions.add({ data, entry, isListedAtOnce });
    if (did !== NOT_LISTED) this.#history.recorded(entry, did);
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
    const entry = { ...ended, ran: { retries: 0 }, revision: REVISION_AT_ONCE.ended };
    const did = await this.#endings.add({ ending, entry });
    if (did === NOT_LISTED) return { kind: "refused", revision: 0, bodyBytes: -1 };
    this.#history.recorded(entry, did);
    return { kind: "ended", revision: entry.revision, bodyBytes: bodyBytesOf(ending) };
  }

  async #submitTogether(all: readonly Submission[]): Promise<number[]> {
    const keys = [this.#keys.all];
    const values: (string | number)[] = [];
    for (const { data, entry, isListedAtOnce } of all) {
      const { task } = data;
      const { json, priority } = storedOptions(task);
      keys.push(this.#keys.queue(task.dropletName), this.#keys.record(task.id));
      values.push(
        isListedAtOnce ? "1" : "",
        JSON.stringify(task),
        jobDataTail(data),
        json,
        priority,
      );
      values.push(...historyValues(entry));
    }
    return await submitAndList(this.#bullMqRedis, keys, values);
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
