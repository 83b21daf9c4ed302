import type { Priority } from "@orchestrator/contract";
import { BACKOFF_BASE_MS, type Task } from "@orchestrator/core";
import { Queue, type JobsOptions } from "bullmq";
import type { Redis } from "../redis/redis.ts";
import { queueNameOf, type Keys } from "../redis/keys.ts";
import { byQueues } from "../redis/in-parts.ts";
import { luaScript } from "../redis/lua-script.ts";
import { TurnBatch } from "../redis/turn-batch.ts";
import type { JobData } from "./job-data.ts";
import { JOB_NAME, KEPT_COMPLETED } from "./job-moves.ts";

/** Above 0 for every job, because BullMQ takes jobs with 0 before all others. */
const BULLMQ_PRIORITY = { high: 1, normal: 2, low: 3 } as const satisfies Record<Priority, number>;

/** As with the completed ones: for Bull Board alone. */
const KEPT_FAILED = 1000;

/** BullMQ's event stream is not read by us. */
const EVENT_STREAM_MAX = 100;

/** A droplet's busy mark is renewed at most this often by one process. */
const BUSY_MARK_MS = 5000;

/** KEYS what all keys of a queue begin with, for each → for each how many jobs wait */
const countWaiting = luaScript<number[]>(
  "countWaiting",
  "any",
  `
local counts = {}
for i, queue in ipairs(KEYS) do
  counts[i] = redis.call('ZCARD', queue .. 'prioritized') + redis.call('ZCARD', queue .. 'delayed')
    + redis.call('LLEN', queue .. 'wait')
end
return counts
`,
);

/** BullMQ has a connection of its own: its scripts do not mix with our automatic pipeline. */
export interface QueueConnections {
  redis: Redis;
  bullMqRedis: Redis;
}

export interface QueueCounts {
  waiting: number;
  delayed: number;
  active: number;
  isPaused: boolean;
}

/** The submitting side: one BullMQ queue per droplet, opened when first needed. */
export class DispatchQueues {
  readonly #redis: Redis;
  readonly #bullMqRedis: Redis;
  readonly #keys: Keys;
  readonly #onError: (error: Error) => void;
  readonly #queues = new Map<string, Queue<JobData>>();
  readonly #markedBusyAt = new Map<string, number>();
  readonly #adding = new TurnBatch<JobData>(async (all) => await this.#addMany(all));

  /** Queues are opened when first needed; while Redis is away that fails and leaves nothing behind. */
  constructor(connections: QueueConnections, keys: Keys, onError: (error: Error) => void) {
    this.#redis = connections.redis;
    this.#bullMqRedis = connections.bullMqRedis;
    this.#keys = keys;
    this.#onError = onError;
  }

  /**
   * By BullMQ's own scripts: for what `submitAndList` does not add.
   * The task is accepted when this resolves. Adding the same task twice is adding it once.
   */
  async add(data: JobData): Promise<void> {
    await this.#adding.add(data);
  }

  /**
   * Opens the queue of a droplet and has workers consume it: before a job is added.
   * @throws while Redis is away
   */
  async open(dropletName: string): Promise<void> {
    await this.#markBusy(dropletName);
    this.of(dropletName);
  }

  /** Adds many in one round trip per droplet; for each task, in order, null or why it could not be added. */
  async #addMany(all: readonly JobData[]): Promise<(Error | null)[]> {
    const byDroplet = Map.groupBy(all, ({ task }) => task.dropletName.toLowerCase());
    const failed = new Map<string, Error>();
    await Promise.all(
      Array.from(byDroplet.values(), async (group) => {
        try {
          await this.#addGroup(group);
        } catch (error) {
          const reason = error instanceof Error ? error : new Error(String(error));
          for (const { task } of group) failed.set(task.id, reason);
        }
      }),
    );
    return all.map(({ task }) => failed.get(task.id) ?? null);
  }

  /** The stored job of a task, null when BullMQ holds none (any more). */
  async find(dropletName: string, taskId: string): Promise<JobData | null> {
    const job = await this.of(dropletName).getJob(taskId);
    return job?.data ?? null;
  }

  /** Takes a job out that no worker holds; false when there is none, or a worker holds it. */
  async remove(dropletName: string, taskId: string): Promise<boolean> {
    return (await this.of(dropletName).remove(taskId)) === 1;
  }

  async counts(dropletName: string): Promise<QueueCounts> {
    const queue = this.of(dropletName);
    const [counts, isPaused] = await Promise.all([
      queue.getJobCounts("wait", "prioritized", "delayed", "active"),
      queue.isPaused(),
    ]);
    return {
      waiting: (counts["wait"] ?? 0) + (counts["prioritized"] ?? 0),
      delayed: counts["delayed"] ?? 0,
      active: counts["active"] ?? 0,
      isPaused,
    };
  }

  /** How many tasks of each droplet wait, those included whose time has not come: all that a limit needs to know. */
  async waiting(dropletNames: readonly string[]): Promise<number[]> {
    const queues = dropletNames.map((name) => this.#keys.queue(name));
    const redis = this.#redis;
    return await byQueues(redis, queues, async (some) => await countWaiting(redis, some, []));
  }

  /**
   * The queue itself, for Bull Board.
   * @throws while Redis is away: a BullMQ queue built on a connection that is not ready stays poisoned
   */
  of(dropletName: string): Queue<JobData> {
    const name = queueNameOf(dropletName);
    const known = this.#queues.get(name);
    if (known) return known;
    if (this.#bullMqRedis.status !== "ready") throw new Error("Redis is not connected");
    const queue = new Queue<JobData>(name, {
      connection: this.#bullMqRedis,
      prefix: this.#keys.prefix,
      streams: { events: { maxLen: EVENT_STREAM_MAX } },
    });
    queue.on("error", this.#onError);
    this.#queues.set(name, queue);
    return queue;
  }

  /** Lets go of a queue that was removed from Redis; it is opened anew when it is needed again. */
  async forget(dropletName: string): Promise<void> {
    const name = queueNameOf(dropletName);
    const queue = this.#queues.get(name);
    this.#queues.delete(name);
    this.#markedBusyAt.delete(dropletName.toLowerCase());
    await queue?.close();
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#queues.values(), async (queue) => await queue.close()));
  }

  async #addGroup(group: readonly JobData[]): Promise<void> {
    const dropletName = group[0]?.task.dropletName ?? "";
    await this.open(dropletName);
    const queue = this.of(dropletName);
    const jobs = group.map((data) => {
      const opts = { ...jobOptions(data.task), jobId: data.task.id };
      return { name: JOB_NAME, data, opts };
    });
    const [first, ...more] = jobs;
    if (first && more.length === 0) await queue.add(first.name, first.data, first.opts);
    else await queue.addBulk(jobs);
  }

  /** Workers consume the listed droplets and the busy ones, so that a vanished droplet strands nothing. */
  async #markBusy(dropletName: string): Promise<void> {
    const name = dropletName.toLowerCase();
    const nowMs = Date.now();
    if (nowMs - (this.#markedBusyAt.get(name) ?? 0) < BUSY_MARK_MS) return;
    await this.#redis.sadd(this.#keys.busyDroplets, name);
    this.#markedBusyAt.set(name, nowMs);
  }
}

function jobOptions(task: Task): JobsOptions {
  return {
    attempts: task.maxRetries + 1,
    backoff: { type: "exponential", delay: BACKOFF_BASE_MS },
    priority: BULLMQ_PRIORITY[task.priority],
    delay: task.delayMs,
    removeOnComplete: { count: KEPT_COMPLETED },
    removeOnFail: { count: KEPT_FAILED },
    stackTraceLimit: 1,
  };
}

/** Priority and options of a job that is not delayed, as BullMQ keeps them: tasks differ in few of them. */
export function storedOptions(task: Task): { priority: number; json: string } {
  const key = `${task.priority} ${task.maxRetries}`;
  const known = STORED.get(key);
  if (known) return known;
  const stored = {
    priority: BULLMQ_PRIORITY[task.priority],
    json: JSON.stringify(jobOptions({ ...task, delayMs: 0 })),
  };
  STORED.set(key, stored);
  return stored;
}

const STORED = new Map<string, { priority: number; json: string }>();
