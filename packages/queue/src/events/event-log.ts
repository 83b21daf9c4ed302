import type { TaskEventName, TaskStatus } from "@orchestrator/contract";
import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { ownJson } from "../redis/own-writing.ts";
import { BEFORE_ALL, entryOf, isAfter, isWithin, timeOf, within } from "./stream-id.ts";

/**
 * About how many entries the stream holds: whoever was away for longer than these took is told so. At 150 bytes for the
 * change of a task they cost Redis 3 MB, and where many tasks change at a time four times that.
 */
export const ENTRIES_KEPT = 20_000;

/** What one script tells goes into few entries, of so many tasks at most: most of what an event costs is its entry. */
export const TASKS_TOGETHER = 4;

/**
 * How many names and values of an entry tell of one task: `t`, its id, `e`, what is listed now. Steps that were too short to
 * be listed are told with the one that is: `eq` it was queued before, `er<n>` it ran before, with n retries behind it.
 */
export const TOLD_VALUES = 4;

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

/** An entry as Redis gives it: its id, then names and values, TOLD_VALUES for each task. */
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
  const tasks = Array.from({ length: fields.length / TOLD_VALUES }, (_, n) =>
    fields.slice(TOLD_VALUES * n, TOLD_VALUES * (n + 1)),
  );
  const events = tasks.flatMap(parseTold);
  const at = timeOf(entryId);
  return events.map((event, n) =>
    Object.assign(event, { id: n === events.length - 1 ? entryId : within(entryId, n), at }),
  );
}

const STEPS_BEFORE = /^e(?<queued>q?)(?:r(?<ranRetries>\d+))?$/;

/** The steps of a task that are told together, oldest first. */
function parseTold([, taskId = "", told = "", listed = "[]"]: string[]) {
  const [revision, status, dropletName, requestedBy, traceId, retries] = ownJson<Listed>(listed);
  const { queued, ranRetries } = STEPS_BEFORE.exec(told)?.groups ?? {};
  const about = { taskId, dropletName, requestedBy, traceId };
  // The first revision is the only one at which a task is queued without an attempt behind it.
  const name = status === "queued" && revision > 1 ? "retrying" : status;
  const steps: Omit<LoggedEvent, "id" | "at">[] = [{ name, status, ...about, retries }];
  if (ranRetries !== undefined) {
    steps.unshift({ name: "running", status: "running", ...about, retries: Number(ranRetries) });
  }
  if (queued) steps.unshift({ name: "queued", status: "queued", ...about, retries: 0 });
  return steps;
}
