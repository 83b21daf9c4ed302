import { DURATION_BUCKETS, type BucketCounts } from "@orchestrator/core";

/**
 * Tasks by duration: `<all>took`, one string of 32-bit counts (big-endian, as BITFIELD writes them), in slots of
 * DURATION_BUCKETS each. The first slot is of all tasks, the others of a droplet each. A string takes 4 bytes per bucket
 * where a hash would take twenty times that, and one for all droplets is written by one command, whatever they are.
 *
 * `<all>slots`       hash: droplet → its slot; '' → how many were ever made
 * `<all>slots-free`  set of those whose droplets are forgotten
 */
const COUNT_BYTES = 4;

/** The slot of all tasks. */
export const ALL_TASKS = 0;

/** What follows `all` in the name of the string. */
export const DURATION_COUNTS = "took";

/** count_durations(all, by_droplet): the buckets of tasks that ended. */
export const COUNT_DURATIONS = `
local function new_slot(all, droplet)
  local slot = redis.call('SPOP', all .. 'slots-free') or redis.call('HINCRBY', all .. 'slots', '', 1)
  redis.call('HSET', all .. 'slots', droplet, slot)
  return slot
end
local function count_durations(all, by_droplet)
  local droplets, of_all, changes = {}, {}, {'BITFIELD', all .. '${DURATION_COUNTS}', 'OVERFLOW', 'SAT'}
  for droplet in pairs(by_droplet) do droplets[#droplets + 1] = droplet end
  if #droplets == 0 then return end
  local function add(at, count)
    local n = #changes
    changes[n + 1], changes[n + 2], changes[n + 3], changes[n + 4] = 'INCRBY', 'u32', '#' .. at, count
  end
  for i, slot in ipairs(redis.call('HMGET', all .. 'slots', unpack(droplets))) do
    local first = (slot or new_slot(all, droplets[i])) * ${DURATION_BUCKETS}
    local of_droplet = {}
    for _, bucket in ipairs(by_droplet[droplets[i]]) do
      of_all[bucket] = (of_all[bucket] or 0) + 1
      of_droplet[bucket] = (of_droplet[bucket] or 0) + 1
    end
    for bucket, count in pairs(of_droplet) do add(first + bucket, count) end
  end
  for bucket, count in pairs(of_all) do add(bucket, count) end
  redis.call(unpack(changes))
end
`;

/** forget_durations(all, droplet): its slot is empty, and free for another. */
export const FORGET_DURATIONS = `
local function forget_durations(all, droplet)
  local slot = redis.call('HGET', all .. 'slots', droplet)
  if not slot then return end
  local bytes = ${DURATION_BUCKETS * COUNT_BYTES}
  redis.call('SETRANGE', all .. '${DURATION_COUNTS}', slot * bytes, ('\\0'):rep(bytes))
  redis.call('HDEL', all .. 'slots', droplet)
  redis.call('SADD', all .. 'slots-free', slot)
end
`;

/** @param slot undefined for a droplet that has none yet */
export function countsOfSlot(packed: Buffer | null, slot: number | undefined): BucketCounts {
  const counts = new Map<number, number>();
  if (packed === null || slot === undefined) return counts;
  const length = Math.floor(packed.byteLength / COUNT_BYTES);
  const first = slot * DURATION_BUCKETS;
  for (let at = first; at < Math.min(length, first + DURATION_BUCKETS); at++) {
    const count = packed.readUInt32BE(at * COUNT_BYTES);
    if (count > 0) counts.set(at - first, count);
  }
  return counts;
}
