import { randomUUID } from "node:crypto";
import { isEnded, type TaskListQuery, type TaskStatus } from "@orchestrator/contract";
import { bucketOf, retriesMade } from "@orchestrator/core";
import type { Redis } from "../redis/redis.ts";
import type { StoredTask } from "../records/stored-task.ts";
import type { Keys } from "../redis/keys.ts";
import { isRedisRefusal } from "../redis/redis-trouble.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { pageOfHistory, readTotals, recordHistory, trimHistory } from "./history-scripts.ts";
import { ENTRY_NEW, ENTRY_STALE } from "./record-histories.ts";
import { UnlistedTasks } from "./unlisted-tasks.ts";

/** What the lists need to know of a task that changed. */
export interface HistoryEntry {
  task: StoredTask["task"];
  revision: number;
  status: TaskStatus;
  completedAt: number | null;
  /** First attempt's start to the end; null when no attempt was made, or it has not ended. */
  durationMs: number | null;
  /** Retries made so far. */
  retries: number;
  /** The attempt before this step, when that was too short to be listed: it is told of all the same. */
  ran?: Pick<HistoryEntry, "retries"> | null;
}

/** Hears of each step of each task exactly once over all processes. */
export type HistoryListener = (entry: HistoryEntry, step: { isFirst: boolean }) => void;

export interface HistoryPage {
  ids: string[];
  total: number;
  nextCursor: string | null;
}

export interface TrimLimits {
  /** How many ended tasks stay. */
  keep: number;
  /** Tasks that ended before this go in any case (ms). */
  endedBefore: number;
  /** Tasks that ended after this stay in any case (ms): their late index entries may still be on the way. */
  spareAfter: number;
}

/** How many tasks one call forgets at most: bounds how long Redis is held up. */
const TRIM_BATCH = 1000;

const DAY_MS = 24 * 3_600_000;

/** Just-ended tasks are spared this long. */
const SPARE_MS = 5000;

export function trimLimits(keep: number, nowMs: number): TrimLimits {
  return { keep, endedBefore: nowMs - DAY_MS, spareAfter: nowMs - SPARE_MS };
}

/** Lists, filters, totals and counters over all tasks. */
export class TaskHistory {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #listeners = new Set<HistoryListener>();
  /** Tasks that will be in the lists in a moment. */
  readonly unlisted: UnlistedTasks;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
    this.unlisted = new UnlistedTasks(redis, keys, (entry, did) => this.recorded(entry, did));
  }

  /** Idempotent: an entry that is not newer than what is listed changes nothing. */
  async record(entry: HistoryEntry): Promise<void> {
    this.recorded(entry, await recordHistory(this.#redis, [this.#keys.all], historyValues(entry)));
  }

  /** An entry was taken into the lists. @param did what `record_histories` answered */
  recorded(entry: HistoryEntry, did: number): void {
    if (did === ENTRY_STALE) return;
    for (const listener of this.#listeners) listener(entry, { isFirst: did === ENTRY_NEW });
  }

  /** The listener is told of what this process wrote; what another wrote, the other tells its own. */
  onRecorded(listener: HistoryListener): void {
    this.#listeners.add(listener);
  }

  async page(query: TaskListQuery): Promise<HistoryPage | "unknown_cursor"> {
    // While Redis takes no writes, what is listed can still be read.
    await this.unlisted.listAll().catch(unlessRefused);
    const cursor = query.cursor === undefined ? null : decodeCursor(query.cursor);
    if (query.cursor !== undefined && cursor === null) return "unknown_cursor";
    const [total, ...rows] = await pageOfHistory(
      this.#redis,
      [`${this.#keys.all}scratch:${randomUUID()}`, this.#keys.all],
      [
        query.since === undefined ? "-inf" : query.since * 1000,
        query.until === undefined ? "+inf" : query.until * 1000,
        cursor?.createdAt ?? "",
        cursor?.id ?? "",
        query.limit,
        query.trace_id ?? "",
        ...indexesFor(query),
      ],
    );
    const ids = rows.filter((_, position) => position % 2 === 0).map(String);
    const last = ids.at(-1);
    const isFull = ids.length === query.limit && last !== undefined;
    const nextCursor = isFull ? encodeCursor({ createdAt: Number(rows.at(-1)), id: last }) : null;
    return { ids, total, nextCursor };
  }

  /** How many tasks are in each state, at one moment: the living ones by count, the ended ones since ever. */
  async totals(): Promise<Record<TaskStatus, number>> {
    const [queued, running, ...ended] = await readTotals(this.#redis, [this.#keys.all], []);
    const [success, error, timeout, cancelled] = ended.map(Number);
    return {
      queued,
      running,
      success: success ?? 0,
      error: error ?? 0,
      timeout: timeout ?? 0,
      cancelled: cancelled ?? 0,
    };
  }

  /** Unfinished tasks whose deadline has passed. */
  async pastDeadline(nowMs: number, limit: number): Promise<string[]> {
    return await this.#redis.zrangebyscore(this.#keys.deadlines, "-inf", nowMs, "LIMIT", 0, limit);
  }

  /** Before the record of a task ends without its job: should we die, it is found and followed up. */
  async noteEnding(taskId: string, nowMs: number): Promise<void> {
    await this.#redis.zadd(this.#keys.endings, nowMs, taskId);
  }

  async endingDone(taskId: string): Promise<void> {
    await this.#redis.zrem(this.#keys.endings, taskId);
  }

  /** Endings that began before `before` (ms) and are not done, oldest first. */
  async endingsSince(before: number, limit: number): Promise<{ taskId: string; since: number }[]> {
    const { endings } = this.#keys;
    const page = ["LIMIT", 0, limit] as const;
    const found = await this.#redis.zrangebyscore(endings, "-inf", before, "WITHSCORES", ...page);
    const pairs = Array.from({ length: found.length / 2 }, (_, n) => found.slice(2 * n, 2 * n + 2));
    return pairs.map(([taskId = "", since]) => ({ taskId, since: Number(since) }));
  }

  /** Forgets what is too old or too many, and their records with them; in a Cluster those are left to `TaskRecords.drop`. */
  async trim(limits: TrimLimits): Promise<string[]> {
    const records = this.#redis.isCluster ? "" : this.#keys.records;
    return await trimHistory(
      this.#redis,
      [this.#keys.all],
      [limits.keep, limits.endedBefore, limits.spareAfter, TRIM_BATCH, records],
    );
  }
}

/** What follows `all` in the names of the lists that hold what a query asks for; its trace is another matter. */
function indexesFor(query: TaskListQuery): string[] {
  const droplet = query.droplet_name?.toLowerCase();
  const indexes: string[] = [];
  const { status } = query;
  if (status !== undefined && droplet !== undefined && !isEnded(status)) {
    indexes.push(`ix:sd:${status}:${droplet}`);
  } else {
    if (status !== undefined) indexes.push(`ix:s:${status}`);
    if (droplet !== undefined) indexes.push(`ix:d:${droplet}`);
  }
  if (query.requested_by !== undefined) indexes.push(`ix:r:${query.requested_by}`);
  return indexes;
}

function unlessRefused(error: unknown): void {
  if (!isRedisRefusal(error)) throw error;
}

/** The entry of a record just read: for whoever finds the lists behind the record. */
export function historyEntryOf(stored: StoredTask): HistoryEntry {
  const { task, completedAt, firstStartedAt } = stored;
  return {
    task,
    revision: stored.revision,
    status: stored.status,
    completedAt,
    durationMs:
      completedAt === null || firstStartedAt === null ? null : completedAt - firstStartedAt,
    retries: retriesMade(stored.attempts, stored.open !== null),
  };
}

/** An entry as `record_histories` reads it. */
export function historyValues(entry: HistoryEntry): (string | number)[] {
  const { task, ran } = entry;
  const durationMs = entry.durationMs === null ? null : Math.max(0, Math.round(entry.durationMs));
  return [
    task.id,
    listed(entry),
    task.createdAt,
    entry.completedAt ?? "",
    durationMs ?? "",
    durationMs === null ? "" : bucketOf(durationMs),
    task.deadlineAt ?? "",
    ran?.retries ?? "",
  ];
}

/** What a list keeps of a task, and an event tells: see `event-log.ts`. */
function listed({ task, revision, status, retries }: HistoryEntry): string {
  return `[${revision},"${status}",${listedWords(task)},${retries}]`;
}

/** Redis would choke on the half of a character that a caller may send, or that cutting leaves. */
function listedWords({ dropletName, meta, traceId }: HistoryEntry["task"]): string {
  const { requested_by: requestedBy } = meta;
  const by = typeof requestedBy === "string" ? requestedBy.slice(0, 255).toWellFormed() : "";
  const words = [dropletName.toLowerCase().toWellFormed(), by, traceId.toWellFormed()];
  return JSON.stringify(words).slice(1, -1);
}
