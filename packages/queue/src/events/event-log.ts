import type { TaskEventName, TaskStatus } from "@orchestrator/contract";
import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { ownJson } from "../redis/own-writing.ts";
import { BEFORE_ALL, entryOf, isAfter, isWithin, timeOf, within } from "./stream-id.ts";

/**
 * About how many entries the stream holds: whoever was away for longer than these took is told so. At 150 bytes an event
 * they cost Redis 3 MB, and where many tasks change at a time four times that.
 */
export const ENTRIES_KEPT = 20_000;

/** What one script tells goes into few entries, of so many events at most: most of what an event costs is its entry. */
export const EVENTS_TOGETHER = 4;

/** One change of one task, in the order in which the lists over all tasks took it. */
export interface LoggedEvent {
  id: string;
  name: TaskEventName;
  taskId: string;
  status: TaskStatus;
  /** Lower case. */
  dropletName: string;
  /** Empty when the task does not say. */
  requestedBy: string;
  traceId: string;
  retries: number;
  /** Epoch milliseconds by Redis's clock. */
  at: number;
}

/** An entry as Redis gives it: its id, then names and values; two of each make an event. */
type Entry = [id: string, fields: string[]];

/** What the history's script writes beside the id: the entry of its own list. */
type Listed = [
  revision: number,
  status: TaskStatus,
  droplet: string,
  requestedBy: string,
  traceId: string,
  retries: number,
];

/** The capped stream of what happened to tasks; `recordHistory` is its only writer. */
export class EventLog {
  readonly #redis: Redis;
  readonly #key: string;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#key = keys.events;
  }

  /** The newest id there is. */
  async lastId(): Promise<string> {
    const [newest] = await this.#redis.xrevrange(this.#key, "+", "-", "COUNT", 1);
    return newest?.[0] ?? BEFORE_ALL;
  }

  /** The events of the next entries after an id, oldest first. @param limit of entries */
  async after(id: string, limit: number): Promise<LoggedEvent[]> {
    const start = isWithin(id) ? entryOf(id) : `(${id}`;
    const entries = await this.#redis.xrange(this.#key, start, "+", "COUNT", limit);
    return parseEntries(entries).filter((event) => isAfter(event.id, id));
  }

  /** Whether the stream surely holds everything that came after an id it once gave out. */
  async reachesBackTo(id: string): Promise<boolean> {
    const [[oldest], newest, length] = await Promise.all([
      this.#redis.xrange(this.#key, "-", "+", "COUNT", 1),
      this.lastId(),
      this.#redis.xlen(this.#key),
    ]);
    if (isAfter(id, newest)) return false;
    if (id === BEFORE_ALL) return length < ENTRIES_KEPT;
    return oldest !== undefined && !isAfter(oldest[0], entryOf(id));
  }

  /** Waits on a connection of its own, at most `blockMs`, for what comes after an id. */
  async next(blocking: Redis, id: string, blockMs: number, limit: number): Promise<LoggedEvent[]> {
    const read = ["COUNT", limit, "BLOCK", blockMs, "STREAMS", this.#key, id] as const;
    const answer = await blocking.xread(...read);
    return parseEntries(answer?.[0]?.[1] ?? []);
  }
}

function parseEntries(entries: readonly Entry[]): LoggedEvent[] {
  return entries.flatMap(parseEntry);
}

function parseEntry([entryId, fields]: Entry): LoggedEvent[] {
  const count = fields.length / 4;
  return Array.from({ length: count }, (_, n) => {
    const id = n === count - 1 ? entryId : within(entryId, n);
    const taskId = fields[4 * n + 1] ?? "";
    const listed = fields[4 * n + 3] ?? "[]";
    const [revision, status, dropletName, requestedBy, traceId, retries] = ownJson<Listed>(listed);
    return {
      id,
      // The first revision is the only one at which a task is queued without an attempt behind it.
      name: status === "queued" && revision > 1 ? "retrying" : status,
      taskId,
      status,
      dropletName,
      requestedBy,
      traceId,
      retries,
      at: timeOf(id),
    };
  });
}
