import { EVENTS_KEPT } from "../events/event-log.ts";
import { luaScript } from "../redis/lua-script.ts";

/**
 * Lists over all tasks and counters, all under `{all}`. This is the second, idempotent step after a record
 * changed: an entry says "task X is at revision r with status s", and one that is not newer changes nothing.
 *
 * `<all>` + task         hash: id → what is listed, [revision, status, droplet, requested_by, trace_id, retries]
 *           ix:*         one sorted set per value one can filter by; score = created at (ms); by status and droplet
 *                        together only for tasks that have not ended
 *           ended        sorted set of ended tasks; score = ended at (ms)
 *           deadlines    sorted set of unfinished tasks with a deadline; score = deadline (ms)
 *           busy         set of droplets whose queue may hold unfinished tasks
 *           counters     hash of totals since ever: tasks:<status>, retries, retried:<success|failure>, duration_ms
 *           per-droplet  the same per droplet: <droplet>:<status|retries|duration_ms>
 *           took         string of 32-bit counts, one per bucket of core's latency histogram: tasks by duration
 *           took:<d>     the same per droplet
 *           events       capped stream of changes: t → id, e → what is listed then
 *
 * In all these but deadlines and events an id is packed to its 16 bytes, which keep its order: ten thousand tasks are
 * in eight places each.
 *
 * Because one script moves a task between the lists and counts its end, every task is in exactly one of the
 * six states at any moment, and the sum of them is the number of tasks ever accepted.
 */
const PACKING = `
local function packed(id)
  if #id ~= 36 then return id end
  return struct.pack('>I4I4I4I4', tonumber(id:sub(1, 8), 16), tonumber(id:sub(10, 13) .. id:sub(15, 18), 16),
    tonumber(id:sub(20, 23) .. id:sub(25, 28), 16), tonumber(id:sub(29, 36), 16))
end
local function unpacked(member)
  return (('%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x'):format(member:byte(1, 16)))
end
`;

const INDEX_NAMES = `${PACKING}
local all = KEYS[1]
local function remove_from_indexes(member, entry)
  redis.call('ZREM', all .. 'ix:all', member)
  redis.call('ZREM', all .. 'ix:s:' .. entry[2], member)
  redis.call('ZREM', all .. 'ix:d:' .. entry[3], member)
  if entry[4] ~= '' then redis.call('ZREM', all .. 'ix:r:' .. entry[4], member) end
  redis.call('ZREM', all .. 'ix:t:' .. entry[5], member)
end
`;

/** What an entry did to the lists. */
export const ENTRY_STALE = 0;
export const ENTRY_MOVED = 1;
export const ENTRY_NEW = 2;

/** How many values make an entry. */
export const ENTRY_VALUES = 13;

/**
 * record_history(all, entry, revision) → ENTRY_STALE | ENTRY_MOVED | ENTRY_NEW
 * entry: id, status, created at, droplet, requested by, trace id, ended at, duration ms and its bucket
 *        ('' = no attempt was made), retries, deadline at ('' = none), the revision and the retries at which it was
 *        running without that having been listed ('' = was not)
 */
export const RECORD_HISTORY = `${PACKING}
local function record_history(all, values, revision)
  local id, status, created, droplet, by, trace, ended, duration, bucket, retries, deadline, ran, ran_retries =
    unpack(values)
  revision = tonumber(revision)
  local member = packed(id)
  local was = redis.call('HGET', all .. 'task', member)
  local entry = was and cjson.decode(was)
  if entry and entry[1] >= revision then return ${ENTRY_STALE} end
  local counted = 0
  if entry then
    counted = entry[6] or 0
    redis.call('ZREM', all .. 'ix:s:' .. entry[2], member)
    redis.call('ZREM', all .. 'ix:sd:' .. entry[2] .. ':' .. entry[3], member)
  else
    redis.call('ZADD', all .. 'ix:all', created, member)
    redis.call('ZADD', all .. 'ix:d:' .. droplet, created, member)
    if by ~= '' then redis.call('ZADD', all .. 'ix:r:' .. by, created, member) end
    redis.call('ZADD', all .. 'ix:t:' .. trace, created, member)
    redis.call('SADD', all .. 'busy', droplet)
  end
  local function tell(at, what, times)
    local listed = cjson.encode({at, what, droplet, by, trace, times})
    redis.call('XADD', all .. 'events', 'MAXLEN', '~', ${EVENTS_KEPT}, '*', 't', id, 'e', listed)
    return listed
  end
  -- A worker may be faster than whoever submitted: the task was queued all the same.
  if not entry and revision > 1 then tell(1, 'queued', 0) end
  ran = tonumber(ran)
  if ran and not (entry and entry[1] >= ran) then tell(ran, 'running', tonumber(ran_retries)) end
  local retried = math.max(tonumber(retries), counted)
  redis.call('HSET', all .. 'task', member, tell(revision, status, retried))
  redis.call('ZADD', all .. 'ix:s:' .. status, created, member)
  if ended == '' then redis.call('ZADD', all .. 'ix:sd:' .. status .. ':' .. droplet, created, member) end
  local function count(name, by_how_many)
    redis.call('HINCRBY', all .. 'counters', name, by_how_many)
  end
  local function count_droplet(name, by_how_many)
    redis.call('HINCRBY', all .. 'per-droplet', droplet .. ':' .. name, by_how_many)
  end
  if retried > counted then
    count('retries', retried - counted)
    count_droplet('retries', retried - counted)
  end
  local answer = entry and ${ENTRY_MOVED} or ${ENTRY_NEW}
  if ended == '' then
    if deadline ~= '' then redis.call('ZADD', all .. 'deadlines', deadline, id) end
    return answer
  end
  if deadline ~= '' then redis.call('ZREM', all .. 'deadlines', id) end
  redis.call('ZADD', all .. 'ended', ended, member)
  count('tasks:' .. status, 1)
  count_droplet(status, 1)
  if retried > 0 and status == 'success' then count('retried:success', 1) end
  if retried > 0 and (status == 'error' or status == 'timeout') then count('retried:failure', 1) end
  if duration ~= '' then
    count('duration_ms', duration)
    count_droplet('duration_ms', duration)
    redis.call('BITFIELD', all .. 'took', 'OVERFLOW', 'SAT', 'INCRBY', 'u32', '#' .. bucket, 1)
    redis.call('BITFIELD', all .. 'took:' .. droplet, 'OVERFLOW', 'SAT', 'INCRBY', 'u32', '#' .. bucket, 1)
  end
  return answer
end
`;

/** KEYS <all> · ARGV the entry, its revision → ENTRY_STALE | ENTRY_MOVED | ENTRY_NEW */
export const recordHistory = luaScript<number>(
  "recordHistory",
  1,
  `${RECORD_HISTORY}
return record_history(KEYS[1], ARGV, ARGV[${ENTRY_VALUES + 1}])
`,
);

/** KEYS <all> → queued, running, then success, error, timeout, cancelled since ever (null = none yet). */
export const readTotals = luaScript<[queued: number, running: number, ...ended: (string | null)[]]>(
  "readTotals",
  1,
  `
local all = KEYS[1]
local ended = redis.call('HMGET', all .. 'counters', 'tasks:success', 'tasks:error', 'tasks:timeout', 'tasks:cancelled')
return {redis.call('ZCARD', all .. 'ix:s:queued'), redis.call('ZCARD', all .. 'ix:s:running'), unpack(ended)}
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
local function collect(members)
  for _, member in ipairs(members) do
    if not seen[member] then seen[member] = true; gone[#gone + 1] = member end
  end
end
if surplus > 0 then
  local oldest = redis.call('ZRANGE', ended, 0, surplus - 1, 'WITHSCORES')
  local members = {}
  for i = 1, #oldest, 2 do
    if tonumber(oldest[i + 1]) <= tonumber(ARGV[3]) then members[#members + 1] = oldest[i] end
  end
  collect(members)
end
collect(redis.call('ZRANGEBYSCORE', ended, '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[4]))
local ids = {}
for i, member in ipairs(gone) do
  local entry = redis.call('HGET', all .. 'task', member)
  if entry then remove_from_indexes(member, cjson.decode(entry)) end
  redis.call('HDEL', all .. 'task', member)
  redis.call('ZREM', ended, member)
  ids[i] = unpacked(member)
end
return ids
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
  `${PACKING}
local scratch, index = KEYS[1], KEYS[2]
local since, till, from_score, from_member = ARGV[1], ARGV[2], tonumber(ARGV[3]), packed(ARGV[4])
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
    local seen = from_score and tonumber(found[i + 1]) == from_score and found[i] >= from_member
    if not seen and #page < 1 + 2 * limit then
      page[#page + 1] = unpacked(found[i])
      page[#page + 1] = found[i + 1]
    end
  end
  offset = offset + limit
until #found < 2 * limit or #page >= 1 + 2 * limit
-- A list of one kind writes nothing: it can be read while Redis takes no writes.
if index == scratch then redis.call('DEL', scratch) end
return page
`,
);
