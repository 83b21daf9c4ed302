import type { TaskRecord, TaskStatus } from "@orchestrator/contract";
import type { Attempt, Task } from "@orchestrator/core";
import { isEnded } from "@orchestrator/contract";
import type { UnlistedTasks } from "../history/unlisted-tasks.ts";
import type { Redis } from "../redis/redis.ts";
import { ownJson, ownWriting } from "../redis/own-writing.ts";
import type { Keys } from "../redis/keys.ts";
import {
  beginAttempt,
  closeAttempt,
  createRecord,
  endTask,
  watchTask,
  wishCancel,
  type CloseVerdict,
  type EndVerdict,
} from "./record-scripts.ts";
import { keptInput } from "./kept-input.ts";
import { showRecord } from "./show-record.ts";
import type {
  Beginning,
  BeginVerdict,
  ClosedAttempt,
  EndOfTask,
  RecordVerdict,
} from "./record-steps.ts";
import {
  parseStoredTask,
  unseal,
  writeTask,
  type OpenAttempt,
  type StoredTask,
  type TaskInput,
} from "./stored-task.ts";

/** An ended record outlives the history by an hour, in case trimming it was interrupted. */
export const ENDED_RECORD_LIFE_MS = 25 * 3_600_000;

/** A watcher's registration is renewed by nobody: long enough for every wait there is. */
const WATCH_LIFE_MS = 2 * 3_600_000;

/** Reads and writes the records of tasks; every write is one script of `record-scripts.ts`. */
export class TaskRecords {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #unlisted: Pick<UnlistedTasks, "list">;
  /** How long whole bodies are kept. */
  readonly resultKeepMs: number;

  /** @param unlisted tasks that have no record yet: they get it when somebody looks for it */
  constructor(
    redis: Redis,
    keys: Keys,
    { resultKeepMs, unlisted }: { resultKeepMs: number; unlisted: Pick<UnlistedTasks, "list"> },
  ) {
    this.#redis = redis;
    this.#keys = keys;
    this.#unlisted = unlisted;
    this.resultKeepMs = resultKeepMs;
  }

  /** False when the record was there already (the worker was faster, or the id is taken). */
  async create(task: Task): Promise<boolean> {
    const keys = [this.#keys.record(task.id)];
    return (await createRecord(this.#redis, keys, [writeTask(task)])) === 1;
  }

  async begin({ task, worker, startedAt, assumed, isLate }: Beginning): Promise<BeginVerdict> {
    const [kind, revision, number, open, ...attempts] = await beginAttempt(
      this.#redis,
      [this.#keys.record(task.id)],
      [
        writeTask(task),
        startedAt,
        worker,
        assumed ? JSON.stringify(assumed) : "",
        isLate ? "1" : "",
      ],
    );
    const earlier = attempts.filter(Boolean).map((attempt) => ownJson<Attempt>(attempt));
    switch (kind) {
      case "begun":
      case "begun_against_wish": {
        const isCancelWished = kind === "begun_against_wish";
        return { kind: "begun", revision, number, earlier, isCancelWished };
      }
      case "lost":
        return { kind, revision, open: ownJson<OpenAttempt>(open), earlier };
      case "cancelled":
        return { kind, revision, earlier };
      case "ended":
        return { kind };
    }
  }

  async closeAttempt(task: Task, closed: ClosedAttempt): Promise<RecordVerdict<CloseVerdict>> {
    const { attempt, response } = closed;
    const [kind, revision, bodyBytes] = await closeAttempt(
      this.#redis,
      [this.#keys.record(task.id), this.#keys.body(task.id)],
      [
        attempt.number,
        JSON.stringify(attempt),
        closed.nextAttemptAt ?? "",
        response ? JSON.stringify(response.stored) : "",
        response?.wholeBody ?? "",
        closed.targetUrl ?? "",
      ],
    );
    return { kind, revision, bodyBytes };
  }

  /** Whoever waits has been told when this resolves. */
  async end(ending: EndOfTask): Promise<RecordVerdict<EndVerdict>> {
    const [kind, revision, bodyBytes] = await endTask(
      this.#redis,
      this.endKeys(ending.task.id),
      this.endValues(ending),
    );
    return { kind, revision, bodyBytes };
  }

  /** The keys of `end_task`, then that of the watchers. */
  endKeys(taskId: string): string[] {
    return [this.#keys.record(taskId), this.#keys.body(taskId), this.#keys.watchers(taskId)];
  }

  /** The values of `end_task`, then the task's id, the reply channel and whether a held job is left alone. */
  endValues({ task, attempt, response, end, ...ending }: EndOfTask): (string | number)[] {
    return [
      attempt && !ending.force ? attempt.number : "",
      attempt ? JSON.stringify(attempt) : "",
      end.status,
      JSON.stringify(end),
      ending.nowMs,
      response ? JSON.stringify(response.stored) : "",
      response?.wholeBody ?? "",
      this.resultKeepMs,
      ending.targetUrl ?? "",
      ENDED_RECORD_LIFE_MS,
      keptInput(ending.input, end.status),
      ending.force ? "1" : "",
      task.id,
      ending.replyChannel ?? "",
      ending.unlessHeld ? "1" : "",
    ];
  }

  async read(taskId: string): Promise<StoredTask | null> {
    const read = async (): Promise<StoredTask | null> => await this.#readThere(taskId);
    return await this.#whereverItIs(taskId, read, (stored) => stored === null);
  }

  async #readThere(taskId: string): Promise<StoredTask | null> {
    const key = this.#keys.record(taskId);
    // An ended record may hold a large input as well: that is only for a replay.
    const [s, z] = await this.#redis.hmget(key, "s", "z");
    const record = s != null && z != null ? { s, z } : await this.#redis.hgetall(key);
    return parseStoredTask(taskId, record);
  }

  /** The record as the contract shows it, with its whole body while that is kept. */
  async show(taskId: string): Promise<TaskRecord | null> {
    const stored = await this.read(taskId);
    if (stored === null) return null;
    return showRecord(stored, await this.#wholeBody(stored), Date.now());
  }

  /** Read after its record: the end writes both, and a body read before may not have been there yet. */
  async #wholeBody({ task, response }: StoredTask): Promise<unknown> {
    if (response === null || response.body !== undefined) return undefined;
    const body = await this.#redis.get(this.#keys.body(task.id));
    return body === null ? undefined : JSON.parse(body);
  }

  /** Many records as lists show them: large bodies never whole. Missing ones are left out. */
  async showMany(taskIds: readonly string[]): Promise<TaskRecord[]> {
    const stored = await Promise.all(taskIds.map(async (id) => await this.read(id)));
    const nowMs = Date.now();
    return stored.filter((one) => one !== null).map((one) => showRecord(one, undefined, nowMs));
  }

  /** Asks for a message on `channel` when the task ends. */
  async watch(taskId: string, channel: string): Promise<"will_be_told" | "ended" | "missing"> {
    const keys = [this.#keys.record(taskId), this.#keys.watchers(taskId)];
    const watch = async (): Promise<1 | 0 | -1> =>
      await watchTask(this.#redis, keys, [channel, WATCH_LIFE_MS]);
    const answer = await this.#whereverItIs(taskId, watch, (found) => found === -1);
    if (answer === -1) return "missing";
    return answer === 1 ? "ended" : "will_be_told";
  }

  /** Null when there is no record (any more). */
  async statusOf(taskId: string): Promise<TaskStatus | null> {
    const ask = async (): Promise<string | null> =>
      await this.#redis.hget(this.#keys.record(taskId), "s");
    const status = await this.#whereverItIs(taskId, ask, (found) => found === null);
    return ownWriting<TaskStatus | null>(status);
  }

  async isEnded(taskId: string): Promise<boolean> {
    const status = await this.statusOf(taskId);
    return status !== null && isEnded(status);
  }

  /** Stores the wish; what it found tells what follows from it. */
  async wishCancel(
    taskId: string,
    nowMs: number,
  ): Promise<{ status: TaskStatus | "missing"; attemptsBegun: number }> {
    const wish = async (): Promise<[TaskStatus | "missing", number]> =>
      await wishCancel(this.#redis, [this.#keys.record(taskId)], [nowMs]);
    const found = await this.#whereverItIs(taskId, wish, ([status]) => status === "missing");
    const [status, attemptsBegun] = found;
    return { status, attemptsBegun };
  }

  /** Those of the tasks that somebody wishes cancelled. */
  async cancelWished(taskIds: readonly string[]): Promise<string[]> {
    const wishes = await Promise.all(
      taskIds.map(async (id) => await this.#redis.hexists(this.#keys.record(id), "x")),
    );
    return taskIds.filter((_, position) => wishes[position] === 1);
  }

  async input(taskId: string): Promise<TaskInput | null> {
    const [p, z] = await this.#redis.hmget(this.#keys.record(taskId), "p", "z");
    const kept = p ?? unseal({ z: z ?? "" })["p"];
    return kept ? ownJson<TaskInput>(kept) : null;
  }

  /** Of tasks that were trimmed from the history. In a Cluster each is in a slot of its own; elsewhere it has gone with them. */
  async drop(taskIds: readonly string[]): Promise<void> {
    if (!this.#redis.isCluster) return;
    const keys = taskIds.map((id) => [this.#keys.record(id), this.#keys.body(id)]);
    await Promise.all(keys.map(async (pair) => await this.#redis.unlink(...pair)));
  }

  /** What is found of a record; when there is none, and its task is one of the unlisted, that is listed first. */
  async #whereverItIs<Found>(
    taskId: string,
    look: () => Promise<Found>,
    isMissing: (found: Found) => boolean,
  ): Promise<Found> {
    const found = await look();
    // It may have been taken up by a worker in between: then it has a record as well.
    if (!isMissing(found)) return found;
    await this.#unlisted.list(taskId);
    return await look();
  }
}
