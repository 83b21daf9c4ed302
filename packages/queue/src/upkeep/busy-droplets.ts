import type { Redis } from "../redis/redis.ts";
import type { DispatchQueues } from "../dispatch/dispatch-queues.ts";
import type { Keys } from "../redis/keys.ts";

/** Lower-cased names of droplets whose queue may hold a task that has not ended. */
export async function readBusyDroplets(redis: Redis, keys: Keys): Promise<string[]> {
  return await redis.smembers(keys.busyDroplets);
}

/** Takes the mark off droplets whose queue holds nothing; whoever adds a task sets it again. */
export async function unmarkIdleDroplets(
  redis: Redis,
  keys: Keys,
  queues: DispatchQueues,
): Promise<void> {
  const names = await readBusyDroplets(redis, keys);
  await Promise.all(
    names.map(async (name) => {
      const { waiting, delayed, active } = await queues.counts(name);
      if (waiting + delayed + active === 0) await redis.srem(keys.busyDroplets, name);
    }),
  );
}
