import { luaScript } from "../redis/lua-script.ts";
import { DROPLET_TALLY } from "./droplet-tally.ts";
import { FORGET_DURATIONS } from "./duration-counts.ts";

/** What `readCounters` answers, as JSON; what is empty comes as an object, because Lua knows no empty list. */
export interface CountersAnswer {
  queued: number;
  running: number;
  /** Field, number, field, number, … */
  counters: string[] | Record<string, never>;
  perDroplet: string[] | Record<string, never>;
  /** Droplet, its slot of durations, droplet, … */
  slots: (string | number)[] | Record<string, never>;
  /** Name, queued, running, name, … of those asked for and those with unfinished tasks. */
  living: (string | number)[] | Record<string, never>;
}

/**
 * All counters of one moment, for the names given and those with unfinished tasks also how many live. It reads
 * what `recordHistory` writes, so that no task is missed or seen twice. With a thousand droplets the answer has
 * 15,000 parts: as one JSON text it costs the reader half of what a Redis array would.
 * KEYS <all> · ARGV droplet names → CountersAnswer
 */
export const readCounters = luaScript<string>(
  "readCounters",
  1,
  `${DROPLET_TALLY}
local all, call = KEYS[1], redis.call
add_up_tally(all)
local seen, living, unlisted, unlisted_of, of = {}, {}, 0, {}, {}
for _, noted in ipairs(call('HVALS', all .. 'unlisted')) do
  local droplet = cjson.decode(noted:match('^%d+\\n%d*\\n([^\\n]*)'))[3]
  unlisted = unlisted + 1
  if not unlisted_of[droplet] then of[#of + 1] = droplet end
  unlisted_of[droplet] = (unlisted_of[droplet] or 0) + 1
end
local function count_living(names)
  for _, name in ipairs(names) do
    if not seen[name] then
      seen[name] = true
      local at = #living
      living[at + 1] = name
      living[at + 2] = call('ZCARD', all .. 'ix:sd:queued:' .. name) + (unlisted_of[name] or 0)
      living[at + 3] = call('ZCARD', all .. 'ix:sd:running:' .. name)
    end
  end
end
count_living(ARGV)
count_living(call('SMEMBERS', all .. 'busy'))
count_living(of)
return cjson.encode({
  queued = call('ZCARD', all .. 'ix:s:queued') + unlisted,
  running = call('ZCARD', all .. 'ix:s:running'),
  counters = call('HGETALL', all .. 'counters'),
  perDroplet = call('HGETALL', all .. 'per-droplet'),
  slots = call('HGETALL', all .. 'slots'),
  living = living,
})
`,
);

/** KEYS <all> · So that what is read by other ways has all droplets in it. */
export const addUpTally = luaScript<null>(
  "addUpTally",
  1,
  `${DROPLET_TALLY}\nadd_up_tally(KEYS[1])`,
);

/**
 * Forgets the numbers of a droplet none of whose tasks is in history or queue any more; the totals keep them.
 * KEYS <all> · ARGV droplet name → 1 when forgotten, 0 when it still has tasks
 */
export const forgetDroplet = luaScript<number>(
  "forgetDroplet",
  1,
  `${DROPLET_TALLY}${FORGET_DURATIONS}
local all, name = KEYS[1], ARGV[1]
if redis.call('EXISTS', all .. 'ix:d:' .. name) == 1 then return 0 end
if redis.call('SISMEMBER', all .. 'busy', name) == 1 then return 0 end
add_up_tally(all)
for _, field in ipairs({'success', 'error', 'timeout', 'cancelled', 'retries', 'duration_ms'}) do
  redis.call('HDEL', all .. 'per-droplet', name .. ':' .. field)
end
forget_durations(all, name)
redis.call('HDEL', all .. 'answered', name)
return 1
`,
);
