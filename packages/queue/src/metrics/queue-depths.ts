import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { luaScript } from "../redis/lua-script.ts";
import { readBusyDroplets } from "../upkeep/busy-droplets.ts";

export interface QueueDepth {
  /** Tasks a worker could take now, those whose delay is over included. */
  waiting: number;
  /** Tasks whose time has not come: a delay, or the wait before a retry. */
  delayed: number;
  /** Tasks in the hands of a worker. */
  active: number;
  /** Since when the longest-waiting task could have been taken (ms); null when none waits. */
  oldestReadyAt: number | null;
}

/** Queues asked in one go: bounds how much is on the way to Redis at once. */
const QUEUES_AT_ONCE = 200;

/**
 * KEYS what the keys of a BullMQ queue begin with · ARGV now (ms) → [waiting, delayed, overdue, active, oldest]
 *
 * The oldest is looked for among the next in line: of each priority, and of the delayed ones. A task could be
 * taken since it was accepted and its delay over, or since its last attempt began; -1 when none waits.
 */
const readQueueDepth = luaScript<
  [waiting: number, delayed: number, overdue: number, active: number, oldestReadyAt: number]
>(
  "readQueueDepth",
  1,
  `
local queue, now = KEYS[1], tonumber(ARGV[1])
local oldest = -1
local function consider(since)
  if oldest < 0 or since < oldest then oldest = since end
end
local function consider_job(id)
  local added, opts, begun = unpack(redis.call('HMGET', queue .. id, 'timestamp', 'opts', 'processedOn'))
  if not added then return end
  local delay = opts and cjson.decode(opts).delay or 0
  consider(math.max(tonumber(added) + delay, tonumber(begun or 0)))
end
local head = redis.call('LINDEX', queue .. 'wait', -1)
if head then consider_job(head) end
for priority = 1, 3 do
  local first = priority * 4294967296
  local found = redis.call('ZRANGEBYSCORE', queue .. 'prioritized', first, first + 4294967295, 'LIMIT', 0, 1)
  if found[1] then consider_job(found[1]) end
end
local due = redis.call('ZRANGE', queue .. 'delayed', 0, 0, 'WITHSCORES')
local due_at = due[2] and math.floor(tonumber(due[2]) / 4096)
local overdue = 0
if due_at and due_at <= now then
  consider(due_at)
  overdue = redis.call('ZCOUNT', queue .. 'delayed', '-inf', (now + 1) * 4096 - 1)
end
return {
  redis.call('LLEN', queue .. 'wait') + redis.call('ZCARD', queue .. 'prioritized'),
  redis.call('ZCARD', queue .. 'delayed'),
  overdue,
  redis.call('LLEN', queue .. 'active'),
  oldest,
}
`,
);

/** The depth of every queue that may hold an unfinished task, by the droplet's lower-cased name. */
export async function readQueueDepths(
  redis: Redis,
  keys: Keys,
  nowMs: number,
): Promise<Map<string, QueueDepth>> {
  const names = await readBusyDroplets(redis, keys);
  const depths = new Map<string, QueueDepth>();
  for (let at = 0; at < names.length; at += QUEUES_AT_ONCE) {
    const some = names.slice(at, at + QUEUES_AT_ONCE);
    await Promise.all(
      some.map(async (name) => void depths.set(name, await depthOf(name, redis, keys, nowMs))),
    );
  }
  return depths;
}

async function depthOf(
  dropletName: string,
  redis: Redis,
  keys: Keys,
  nowMs: number,
): Promise<QueueDepth> {
  const queue = keys.queue(dropletName);
  const [ready, delayed, overdue, active, oldest] = await readQueueDepth(redis, [queue], [nowMs]);
  return {
    waiting: ready + overdue,
    delayed: delayed - overdue,
    active,
    oldestReadyAt: oldest < 0 ? null : oldest,
  };
}
