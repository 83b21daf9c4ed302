import { luaScript } from "../redis/lua-script.ts";

export type CountersAnswer = [
  queued: number,
  running: number,
  counters: string[],
  perDroplet: string[],
  ...living: [name: string, queued: number, running: number][],
];

/**
 * All counters of one moment, for the names given and those with unfinished tasks also how many live. It reads
 * what `recordHistory` writes, so that no task is missed or seen twice.
 * KEYS <all> · ARGV droplet names → [queued, running, counters, per droplet, [name, queued, running]…]
 */
export const readCounters = luaScript<CountersAnswer>(
  "readCounters",
  1,
  `
local all = KEYS[1]
local answer = {
  redis.call('ZCARD', all .. 'ix:s:queued'),
  redis.call('ZCARD', all .. 'ix:s:running'),
  redis.call('HGETALL', all .. 'counters'),
  redis.call('HGETALL', all .. 'per-droplet'),
}
local seen = {}
local function count_living(names)
  for _, name in ipairs(names) do
    if not seen[name] then
      seen[name] = true
      answer[#answer + 1] = {
        name,
        redis.call('ZCARD', all .. 'ix:sd:queued:' .. name),
        redis.call('ZCARD', all .. 'ix:sd:running:' .. name),
      }
    end
  end
end
count_living(ARGV)
count_living(redis.call('SMEMBERS', all .. 'busy'))
return answer
`,
);

/**
 * Forgets the numbers of a droplet none of whose tasks is in the history any more; the totals keep them.
 * KEYS <all> · ARGV droplet name → 1 when forgotten, 0 when it still has tasks
 */
export const forgetDroplet = luaScript<number>(
  "forgetDroplet",
  1,
  `
local all, name = KEYS[1], ARGV[1]
if redis.call('EXISTS', all .. 'ix:d:' .. name) == 1 then return 0 end
for _, field in ipairs({'success', 'error', 'timeout', 'cancelled', 'retries', 'duration_ms'}) do
  redis.call('HDEL', all .. 'per-droplet', name .. ':' .. field)
end
redis.call('DEL', all .. 'took:' .. name)
redis.call('HDEL', all .. 'answered', name)
return 1
`,
);
