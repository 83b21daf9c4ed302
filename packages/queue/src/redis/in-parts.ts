import type { Redis } from "./redis.ts";

/** Tasks, or queues, in one script at most: bounds how long Redis is held up. */
const TOGETHER_MAX = 50;

/** As `inParts`, for queues: in a Cluster each of them is in a slot of its own. */
export async function byQueues<Answer>(
  redis: Redis,
  queues: readonly string[],
  run: (part: string[]) => Promise<Answer[]>,
): Promise<Answer[]> {
  if (!redis.isCluster) return await inParts(queues, run);
  return (await Promise.all(queues.map(async (queue) => await run([queue])))).flat();
}

/** What a script does for many, in parts that are small enough for one run each. */
export async function inParts<Item, Answer>(
  all: readonly Item[],
  run: (part: Item[]) => Promise<Answer[]>,
): Promise<Answer[]> {
  const parts: Item[][] = [];
  for (let at = 0; at < all.length; at += TOGETHER_MAX)
    parts.push(all.slice(at, at + TOGETHER_MAX));
  return (await Promise.all(parts.map(run))).flat();
}
