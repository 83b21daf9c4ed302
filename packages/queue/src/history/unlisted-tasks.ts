import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { ownJson } from "../redis/own-writing.ts";
import { listUnlisted } from "./history-scripts.ts";
import type { HistoryEntry } from "./task-history.ts";

/** A task that has ended by then gets its record and its places in the lists once, as an ended one: most have. */
const LIST_AFTER_MS = 1000;

/** Tasks listed by one script, about: bounds how long Redis is held up. */
const TOGETHER = 200;

const ALL = Number.MAX_SAFE_INTEGER;

/**
 * Tasks that were accepted a moment ago: noted by the script that adds their jobs, in one hash, without a record and a place
 * in the lists. Whoever looks for one, or reads the lists, has them written down first; so nobody can tell. In a Cluster,
 * where a record is in a slot of its own, there are none.
 */
export class UnlistedTasks {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #onListed: (entry: HistoryEntry, did: number) => void;
  #timer: NodeJS.Timeout | null = null;

  /** @param onListed hears what the lists did with each */
  constructor(redis: Redis, keys: Keys, onListed: (entry: HistoryEntry, did: number) => void) {
    this.#redis = redis;
    this.#keys = keys;
    this.#onListed = onListed;
  }

  /** After a task was noted: it is listed in a while, unless it has ended. */
  listSoon(onError: (error: unknown) => void): void {
    const listDue = async (): Promise<void> => {
      this.#timer = null;
      if ((await this.listOlderThan(LIST_AFTER_MS)) > 0) this.listSoon(onError);
    };
    // What a process that stops leaves behind is listed by others.
    this.#timer ??= setTimeout(() => void listDue().catch(onError), LIST_AFTER_MS).unref();
  }

  /** What a process that died has left is listed by others, too. @returns how many are left */
  async listOlderThan(ageMs: number): Promise<number> {
    return await this.#list(Date.now() - ageMs);
  }

  async listAll(): Promise<void> {
    await this.#list(ALL);
  }

  /** @returns whether that task was one of them: it has a record now */
  async list(taskId: string): Promise<boolean> {
    if (this.#redis.isCluster) return false;
    const { listed } = await this.#run(ALL, ["", taskId]);
    return listed > 0;
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #list(before: number): Promise<number> {
    if (this.#redis.isCluster) return 0;
    let found = { cursor: "0", left: 0 };
    do found = await this.#run(before, [found.cursor, TOGETHER]);
    while (found.cursor !== "0");
    return found.left;
  }

  async #run(before: number, which: [cursor: string, at: number | string]) {
    const values = [before, this.#keys.records, ...which];
    const answer = await listUnlisted(this.#redis, [this.#keys.all], values);
    const [cursor, left, ...found] = answer;
    for (const [did, text] of found) {
      const task = ownJson<HistoryEntry["task"]>(text);
      const justQueued = { status: "queued", revision: 1, retries: 0 } as const;
      this.#onListed({ task, ...justQueued, completedAt: null, durationMs: null }, did);
    }
    return { cursor, left, listed: found.length };
  }
}
