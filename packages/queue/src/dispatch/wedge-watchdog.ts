import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";

/** A consumer that took nothing for this long although it could is wedged. */
const WEDGED_AFTER_MS = 15_000;

/** What the watchdog sees of one consumer. */
export interface WatchedConsumer {
  queueName: string;
  /** When it last took a job, or was built (epoch ms). */
  lastTookAt: number;
  hasRoom: boolean;
}

/**
 * Whether a consumer has stopped fetching: it has room, took nothing for long, and its queue holds work that
 * nothing keeps from being taken (pause, global concurrency, rate limit).
 */
export async function isWedged(
  { queueName, lastTookAt, hasRoom }: WatchedConsumer,
  redis: Redis,
  keys: Keys,
  nowMs: number,
): Promise<boolean> {
  if (!hasRoom || nowMs - lastTookAt < WEDGED_AFTER_MS) return false;
  const queue = `${keys.prefix}:${queueName}`;
  const [waiting, prioritized] = await Promise.all([
    redis.llen(`${queue}:wait`),
    redis.zcard(`${queue}:prioritized`),
  ]);
  if (waiting + prioritized === 0) return false;
  const [active, [paused, concurrency], limited] = await Promise.all([
    redis.llen(`${queue}:active`),
    redis.hmget(`${queue}:meta`, "paused", "concurrency"),
    redis.pttl(`${queue}:limiter`),
  ]);
  const isFull = concurrency !== null && concurrency !== undefined && active >= Number(concurrency);
  return !paused && !isFull && limited <= 0;
}
