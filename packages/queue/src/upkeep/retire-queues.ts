import { dropletKey } from "@orchestrator/core";
import type { Store } from "../open-store.ts";
import { queueNameOf } from "../redis/keys.ts";
import { luaScript } from "../redis/lua-script.ts";
import { readBusyDroplets } from "./busy-droplets.ts";

/** Retired in one round; the rest follow in the next. */
const ROUND_MAX = 100;

/** Names that one command writes. */
const NAMES_MAX = 1000;

/**
 * Removes all that BullMQ keeps of a queue, unless a job is in it that has not ended; a job added later makes it anew.
 * Bounded by the ended jobs that are kept for Bull Board.
 * KEYS the queue's key, without a colon at its end → 1 when it is gone, 0 when it holds something
 */
const removeEmptyQueue = luaScript<number>(
  "removeEmptyQueue",
  1,
  `
local function key(name) return KEYS[1] .. ':' .. name end
for _, list in ipairs({'wait', 'paused', 'active'}) do
  if redis.call('LLEN', key(list)) > 0 then return 0 end
end
for _, set in ipairs({'prioritized', 'delayed', 'waiting-children'}) do
  if redis.call('ZCARD', key(set)) > 0 then return 0 end
end
for _, set in ipairs({'completed', 'failed'}) do
  for _, id in ipairs(redis.call('ZRANGE', key(set), 0, -1)) do
    redis.call('UNLINK', key(id), key(id) .. ':logs', key(id) .. ':lock')
  end
  redis.call('UNLINK', key(set), key('metrics:' .. set), key('metrics:' .. set .. ':data'))
end
for _, name in ipairs({'meta', 'id', 'events', 'marker', 'pc', 'limiter', 'stalled', 'stalled-check', 'repeat', 'de'}) do
  redis.call('UNLINK', key(name))
end
return 1
`,
);

/**
 * Forgets droplets that have not been listed or had a task for `forgetAfterMs`: their BullMQ queues, circuits, pauses
 * and limits. One that comes back starts anew. A queue that still holds a task stays, however long that takes.
 * @returns the lower-cased names that were forgotten
 */
export async function retireQueues(
  store: Store,
  forgetAfterMs: number,
  nowMs: number,
): Promise<string[]> {
  const { redis, keys, directory } = store;
  // Without a list nobody has left it.
  if (!directory.hasList) return [];
  const listed = directory.droplets.map(({ name }) => dropletKey(name));
  const inUse = new Set([...listed, ...(await readBusyDroplets(redis, keys))]);
  const names = [...inUse];
  for (let at = 0; at < names.length; at += NAMES_MAX) {
    const seen = names.slice(at, at + NAMES_MAX).flatMap((name) => [nowMs, name]);
    await redis.zadd(keys.queues, ...seen);
  }
  const before = nowMs - forgetAfterMs;
  const old = await redis.zrangebyscore(keys.queues, "-inf", before, "LIMIT", 0, ROUND_MAX);
  const retired: string[] = [];
  for (const name of old.filter((one) => !inUse.has(one))) {
    if (await retire(store, name)) retired.push(name);
  }
  return retired;
}

async function retire({ redis, keys, queues, switchboard }: Store, name: string): Promise<boolean> {
  const queue = `${keys.prefix}:${queueNameOf(name)}`;
  if ((await removeEmptyQueue(redis, [queue], [])) === 0) {
    // Somebody added a task a moment ago; should nobody have said so yet, workers have to know.
    await redis.sadd(keys.busyDroplets, name);
    return false;
  }
  await queues.forget(name);
  await switchboard.forget(name);
  await redis.zrem(keys.queues, name);
  return true;
}
