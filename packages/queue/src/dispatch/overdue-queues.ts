import { byQueues } from "../redis/in-parts.ts";
import type { Redis } from "../redis/redis.ts";
import { luaScript } from "../redis/lua-script.ts";

/** A delayed job is mostly taken within milliseconds of its time; one that is this late has been overlooked. */
const OVERDUE_MS = 1000;

/** KEYS what all keys of a queue begin with, for each · ARGV due before (ms) → for each 1 when a delayed job was, 0 when none was */
const findOverdue = luaScript<(1 | 0)[]>(
  "findOverdue",
  "any",
  `
local delayed, found = {}, {}
for i, queue in ipairs(KEYS) do delayed[i], found[i] = queue .. 'delayed', 0 end
if redis.call('EXISTS', unpack(delayed)) == 0 then return found end
for i, key in ipairs(delayed) do
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  -- BullMQ keeps the order of jobs that are due together in the lowest 12 bits.
  if first[2] and tonumber(first[2]) / 0x1000 < tonumber(ARGV[1]) then found[i] = 1 end
end
return found
`,
);

/**
 * Those of the queues (what all keys of each begin with) that hold a delayed job whose time has passed. BullMQ tells one
 * consumer of each such time; when its process is killed before, nobody else knows until it looks by itself.
 */
export async function overdueQueues(
  redis: Redis,
  queues: readonly string[],
  nowMs: number,
): Promise<string[]> {
  const dueBefore = nowMs - OVERDUE_MS;
  const found = await byQueues(
    redis,
    queues,
    async (some) => await findOverdue(redis, some, [dueBefore]),
  );
  return queues.filter((_, at) => found[at] === 1);
}
