import { luaScript } from "../redis/lua-script.ts";

/**
 * Lists over all tasks and counters, all under `{all}`. This is the second, idempotent step after a record
 * changed: an entry says "task X is at revision r with status s", and one that is not newer changes nothing.
 *
 * `<all>` + task         hash: id → what is listed, [revision, status, droplet, requested_by, trace_id]
 *           ix:*         one sorted set per value one can filter by; score = created at (ms)
 *           ended        sorted set of ended tasks; score = ended at (ms)
 *           deadlines    sorted set of unfinished tasks with a deadline; score = deadline (ms)
 *           counters     hash of totals that never shrink
 *           busy         set of droplets whose queue may hold unfinished tasks
 */
const INDEX_NAMES = `
local all = KEYS[1]
local function remove_from_indexes(id, entry)
  redis.call('ZREM', all .. 'ix:all', id)
  redis.call('ZREM', all .. 'ix:s:' .. entry[2], id)
  redis.call('ZREM', all .. 'ix:d:' .. entry[3], id)
  redis.call('ZREM', all .. 'ix:sd:' .. entry[2] .. ':' .. entry[3], id)
  if entry[4] ~= '' then redis.call('ZREM', all .. 'ix:r:' .. entry[4], id) end
  redis.call('ZREM', all .. 'ix:t:' .. entry[5], id)
end
`;

export const HISTORY_ENTRY_ARGS = 11;

/**
 * KEYS <all> · ARGV per entry: id, revision, status, created at, droplet, requested by, trace id, ended at,
 * duration ms, retries, deadline at ('' = none).
 */
export const recordHistory = luaScript<null>(
  "recordHistory",
  1,
  `${INDEX_NAMES}
local function apply(id, revision, status, created, droplet, by, trace, ended, duration, retries, deadline)
  local was = redis.call('HGET', all .. 'task', id)
  local entry = was and cjson.decode(was)
  if entry and entry[1] >= tonumber(revision) then return end
  if entry then
    redis.call('ZREM', all .. 'ix:s:' .. entry[2], id)
    redis.call('ZREM', all .. 'ix:sd:' .. entry[2] .. ':' .. entry[3], id)
  else
    redis.call('ZADD', all .. 'ix:all', created, id)
    redis.call('ZADD', all .. 'ix:d:' .. droplet, created, id)
    if by ~= '' then redis.call('ZADD', all .. 'ix:r:' .. by, created, id) end
    redis.call('ZADD', all .. 'ix:t:' .. trace, created, id)
    redis.call('SADD', all .. 'busy', droplet)
  end
  redis.call('HSET', all .. 'task', id, cjson.encode({tonumber(revision), status, droplet, by, trace}))
  redis.call('ZADD', all .. 'ix:s:' .. status, created, id)
  redis.call('ZADD', all .. 'ix:sd:' .. status .. ':' .. droplet, created, id)
  if ended == '' then
    if deadline ~= '' then redis.call('ZADD', all .. 'deadlines', deadline, id) end
    return
  end
  if deadline ~= '' then redis.call('ZREM', all .. 'deadlines', id) end
  redis.call('ZADD', all .. 'ended', ended, id)
  redis.call('HINCRBY', all .. 'counters', 'tasks:' .. status, 1)
  redis.call('HINCRBY', all .. 'counters', 'droplet:' .. droplet .. ':' .. status, 1)
  redis.call('HINCRBY', all .. 'counters', 'retries', retries)
end
for i = 1, #ARGV, ${HISTORY_ENTRY_ARGS} do
  apply(unpack(ARGV, i, i + ${HISTORY_ENTRY_ARGS - 1}))
end
`,
);

/**
 * Forgets ended tasks beyond the newest `keep`, or ended before `before`; none that ended after `spare`.
 * KEYS <all> · ARGV keep, before, spare, at most → ids whose records can go
 */
export const trimHistory = luaScript<string[]>(
  "trimHistory",
  1,
  `${INDEX_NAMES}
local ended = all .. 'ended'
local surplus = math.min(redis.call('ZCARD', ended) - tonumber(ARGV[1]), tonumber(ARGV[4]))
local gone, seen = {}, {}
local function collect(ids)
  for _, id in ipairs(ids) do
    if not seen[id] then seen[id] = true; gone[#gone + 1] = id end
  end
end
if surplus > 0 then
  local oldest = redis.call('ZRANGE', ended, 0, surplus - 1, 'WITHSCORES')
  local ids = {}
  for i = 1, #oldest, 2 do
    if tonumber(oldest[i + 1]) <= tonumber(ARGV[3]) then ids[#ids + 1] = oldest[i] end
  end
  collect(ids)
end
collect(redis.call('ZRANGEBYSCORE', ended, '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[4]))
for _, id in ipairs(gone) do
  local entry = redis.call('HGET', all .. 'task', id)
  if entry then remove_from_indexes(id, cjson.decode(entry)) end
  redis.call('HDEL', all .. 'task', id)
  redis.call('ZREM', ended, id)
end
return gone
`,
);

/**
 * One page of a filter, newest first, and how many match in all.
 * KEYS scratch, index · ARGV since, until, cursor score ('' = first page), cursor id, limit, more indexes…
 * → [total, id, score, id, score, …]
 *
 * Several indexes are intersected into a scratch set that never outlives the script; the cost is that of the
 * smallest one. Within one millisecond ids are ordered by name, so that a cursor stays right while tasks arrive.
 */
export const pageOfHistory = luaScript<[total: number, ...rows: string[]]>(
  "pageOfHistory",
  2,
  `
local scratch, index = KEYS[1], KEYS[2]
local since, till, from_score, from_id = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local limit = tonumber(ARGV[5])
if #ARGV > 5 then
  local sets, weights = {index}, {1}
  for i = 6, #ARGV do sets[#sets + 1] = ARGV[i]; weights[#weights + 1] = 0 end
  local args = {scratch, #sets}
  for _, set in ipairs(sets) do args[#args + 1] = set end
  args[#args + 1] = 'WEIGHTS'
  for _, weight in ipairs(weights) do args[#args + 1] = weight end
  redis.call('ZINTERSTORE', unpack(args))
  index = scratch
end
local page = {redis.call('ZCOUNT', index, since, till)}
local newest = till
if from_score and (till == '+inf' or from_score < tonumber(till)) then newest = ARGV[3] end
local offset = 0
repeat
  local found = redis.call('ZREVRANGEBYSCORE', index, newest, since, 'WITHSCORES', 'LIMIT', offset, limit)
  for i = 1, #found, 2 do
    local seen = from_score and tonumber(found[i + 1]) == from_score and found[i] >= from_id
    if not seen and #page < 1 + 2 * limit then
      page[#page + 1] = found[i]
      page[#page + 1] = found[i + 1]
    end
  end
  offset = offset + limit
until #found < 2 * limit or #page >= 1 + 2 * limit
redis.call('DEL', scratch)
return page
`,
);
