import type { QueueSettings } from "@orchestrator/core";
import type { Queue } from "bullmq";
import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";

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
