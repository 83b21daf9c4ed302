import { NO_LISTPACKS } from "../redis/listpacks.ts";
import { COUNT_DURATIONS } from "./duration-counts.ts";

/** Some 1,500 tasks: adding them up takes Redis about 2 ms. */
const TALLY_BYTES_MAX = 65_536;

/** As many lines are added up together: Lua hands on no more than some thousands of values at once. */
const LINES_TOGETHER = 1000;

/** add_to_counts(key, by_name): adds to many fields of a hash by two commands. */
const ADD_TO_COUNTS = `
local function add_to_counts(key, by_name)
  local names, values = {}, {}
  for name in pairs(by_name) do names[#names + 1] = name end
  if #names == 0 then return end
  for i, count in ipairs(redis.call('HMGET', key, unpack(names))) do
    values[2 * i - 1], values[2 * i] = names[i], ('%.0f'):format((count or 0) + by_name[names[i]])
  end
  redis.call('HSET', key, unpack(values))
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
export const DROPLET_TALLY = `${NO_LISTPACKS}${ADD_TO_COUNTS}${COUNT_DURATIONS}
local function tally_line(status, retries, duration, bucket, droplet)
  return status .. ' ' .. (retries > 0 and retries or '') .. ' ' .. duration .. ' ' .. bucket .. ' ' .. droplet .. '\\n'
end
local function add_up_tally(all)
  local tally = redis.call('GET', all .. 'tally')
  if not tally then return end
  -- While Redis takes no writes it is added up by nobody: then the numbers are those of before.
  local gone = redis.pcall('DEL', all .. 'tally')
  if type(gone) == 'table' and gone.err then return end
  local counts, buckets, lines = {}, {}, 0
  local function count(droplet, field, how_many)
    local name = droplet .. ':' .. field
    counts[name] = (counts[name] or 0) + how_many
  end
  local function add_up()
    add_to_counts(all .. 'per-droplet', counts)
    count_durations(all, buckets)
    counts, buckets, lines = {}, {}, 0
  end
  for status, retries, duration, bucket, droplet in tally:gmatch('(%a*) (%d*) (%d*) (%d*) ([^\\n]*)\\n') do
    if retries ~= '' then count(droplet, 'retries', tonumber(retries)) end
    if status ~= '' then count(droplet, status, 1) end
    if duration ~= '' then
      count(droplet, 'duration_ms', tonumber(duration))
      put(buckets, droplet, bucket)
    end
    lines = lines + 1
    if lines == ${LINES_TOGETHER} then add_up() end
  end
  add_up()
  make_table(all .. 'per-droplet')
  make_table(all .. 'slots')
end
local function note_in_tally(all, lines)
  if #lines == 0 then return end
  if redis.call('APPEND', all .. 'tally', table.concat(lines)) > ${TALLY_BYTES_MAX} then add_up_tally(all) end
end
`;
