import type { QueueSettings } from "@orchestrator/core";
import type { Queue } from "bullmq";
import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { luaScript } from "../redis/lua-script.ts";

/**
 * KEYS the queue's settings, restricted queues · ARGV what all keys of the queue begin with
 * Goes by what BullMQ's queue is set to at this moment, whoever else is setting it.
 */
const noteRestriction = luaScript<number>(
  "noteRestriction",
  2,
  `
local paused, concurrency, max = unpack(redis.call('HMGET', KEYS[1], 'paused', 'concurrency', 'max'))
return redis.call((paused or concurrency or max) and 'SADD' or 'SREM', KEYS[2], ARGV[1])
`,
);

export function isSame(a: QueueSettings, b: QueueSettings): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Limits first: a queue that is resumed must not run a moment without them. */
export async function applySettings(queue: Queue, settings: QueueSettings): Promise<void> {
  const { concurrency, rate, isPaused } = settings;
  if (isPaused) await queue.pause();
  await (concurrency === null
    ? queue.removeGlobalConcurrency()
    : queue.setGlobalConcurrency(concurrency));
  await (rate === null
    ? queue.removeGlobalRateLimit()
    : queue.setGlobalRateLimit(rate.max, rate.perMs));
  if (!isPaused) await queue.resume();
}

/**
 * Tells our own scripts, which ask no queue for itself, whether only BullMQ's may take from this one. In a Cluster they take
 * from none.
 */
export async function noteIfRestricted(
  redis: Redis,
  keys: Keys,
  dropletName: string,
): Promise<void> {
  if (redis.isCluster) return;
  const queue = keys.queue(dropletName);
  await noteRestriction(redis, [`${queue}meta`, keys.restrictedQueues], [queue]);
}

/** What BullMQ's queue is set to; read without opening the queue, which would write. */
export async function readSettings(
  redis: Redis,
  keys: Keys,
  dropletName: string,
): Promise<QueueSettings> {
  const meta = `${keys.queue(dropletName)}meta`;
  const [paused, concurrency, max, perMs] = await redis.hmget(
    meta,
    "paused",
    "concurrency",
    "max",
    "duration",
  );
  return {
    isPaused: paused != null,
    concurrency: concurrency == null ? null : Number(concurrency),
    rate: max == null || perMs == null ? null : { max: Number(max), perMs: Number(perMs) },
  };
}
