import { BY_KEY } from "../redis/by-key.ts";
import { LONG_NAME } from "../redis/listpacks.ts";
import { COUNT_DURATIONS } from "./duration-counts.ts";

/** Some 1,500 tasks: adding them up takes Redis about 2 ms. */
const TALLY_BYTES_MAX = 65_536;

/** Lua hands on no more than some thousands of values at once. */
const ADDED_TOGETHER = 1000;

/** add_to_counts(key, by_name): adds to many fields of a hash by two commands. */
export const ADD_TO_COUNTS = `
local function add_to_counts(key, by_name)
  local names, values = {}, {}
  for name in pairs(by_name) do names[#names + 1] = name end
  for first = 1, #names, ${ADDED_TOGETHER} do
    local last = math.min(first + ${ADDED_TOGETHER - 1}, #names)
    for i, count in ipairs(redis.call('HMGET', key, unpack(names, first, last))) do
      local name = names[first + i - 1]
      values[2 * i - 1], values[2 * i] = name, ('%.0f'):format((count or 0) + by_name[name])
    end
    redis.call('HSET', key, unpack(values, 1, 2 * (last - first + 1)))
  end
end
`;

/**
 * What tasks add to the numbers of their droplets is noted in one string for all of them, `<all>tally`, and added up when
 * somebody reads those numbers, or when there is much of it. With a command or two for each task and its droplet it was a
 * tenth of what a task costs Redis.
 *
 * tally_line(status, retries, duration, bucket, droplet): one step of a task; status '' = it has not ended, bucket and
 *   duration '' = no attempt was made. A droplet's name has no control characters.
 * note_in_tally(all, lines); add_up_tally(all): into `per-droplet` and `took`
 */
export const DROPLET_TALLY = `${BY_KEY}${ADD_TO_COUNTS}${COUNT_DURATIONS}
local function tally_line(status, retries, duration, bucket, droplet)
  return status .. ' ' .. (retries > 0 and retries or '') .. ' ' .. duration .. ' ' .. bucket .. ' ' .. droplet .. '\\n'
end
local function add_up_tally(all)
  local tally = redis.call('GET', all .. 'tally')
  if not tally then return end
  -- While Redis takes no writes it is added up by nobody: then the numbers are those of before.
  local gone = redis.pcall('DEL', all .. 'tally')
  if type(gone) == 'table' and gone.err then return end
  local counts, buckets = {}, {}
  local function count(droplet, field, how_many)
    local name = droplet .. ':' .. field
    counts[name] = (counts[name] or 0) + how_many
  end
  for status, retries, duration, bucket, droplet in tally:gmatch('(%a*) (%d*) (%d*) (%d*) ([^\\n]*)\\n') do
    if retries ~= '' then count(droplet, 'retries', tonumber(retries)) end
    if status ~= '' then count(droplet, status, 1) end
    if duration ~= '' then
      count(droplet, 'duration_ms', tonumber(duration))
      put(buckets, droplet, bucket)
    end
  end
  add_to_counts(all .. 'per-droplet', counts)
  count_durations(all, buckets)
  for _, hash in ipairs({'per-droplet', 'slots'}) do
    redis.call('HSET', all .. hash, '${LONG_NAME}', '')
    redis.call('HDEL', all .. hash, '${LONG_NAME}')
  end
end
local function note_in_tally(all, lines)
  if #lines == 0 then return end
  if redis.call('APPEND', all .. 'tally', table.concat(lines)) > ${TALLY_BYTES_MAX} then add_up_tally(all) end
end
`;
