import { JOB_DATA_HEAD } from "../dispatch/job-data.ts";
import { BY_KEY } from "../redis/by-key.ts";
import { luaScript } from "../redis/lua-script.ts";
import { CREATE_RECORD } from "../records/create-record.ts";
import { PACKING, RECORD_HISTORIES } from "./record-histories.ts";
import { TRACE_INDEX } from "./trace-index.ts";

/** KEYS <all> · ARGV an entry → ENTRY_STALE | ENTRY_MOVED | ENTRY_NEW */
export const recordHistory = luaScript<number>(
  "recordHistory",
  1,
  `${RECORD_HISTORIES}
return record_histories(KEYS[1], ARGV, {0})[1]
`,
);

/**
 * Gives unlisted tasks their records and their places in the lists: some at a time.
 * KEYS <all> · ARGV created until (ms), what the keys of records begin with, where to go on ('0' = at the beginning), about
 *   how many; or instead of those two '' and the one task that is meant
 * → where to go on ('0' = all were seen), how many are unlisted now, then for each what the lists did and the task (JSON)
 */
export const listUnlisted = luaScript<
  [cursor: string, left: number, ...listed: [did: number, task: string][]]
>(
  "listUnlisted",
  1,
  `${CREATE_RECORD}${RECORD_HISTORIES}
local unlisted = KEYS[1] .. 'unlisted'
local function task_of(id, queue, length)
  local data = redis.call('HGET', queue .. id, 'data')
  return data and data:sub(${JOB_DATA_HEAD.length} + 1, ${JOB_DATA_HEAD.length} + length)
end
local cursor, found = '0', {ARGV[4]}
if ARGV[3] == '' then
  found[2] = redis.call('HGET', unlisted, ARGV[4])
else
  cursor, found = unpack(redis.call('HSCAN', unlisted, ARGV[3], 'COUNT', ARGV[4]))
end
local values, places, answer = {}, {}, {cursor, 0}
for i = 1, #found, 2 do
  local created, deadline, listed, queue, length =
    (found[i + 1] or ''):match('^(%d+)\\n(%d*)\\n([^\\n]*)\\n([^\\n]*)\\n(%d+)$')
  local is_due = created and tonumber(created) <= tonumber(ARGV[1])
  local task = is_due and task_of(found[i], queue, length)
  if task then
    create_record(ARGV[2] .. found[i] .. '}', task)
    local at = #values
    places[#places + 1] = at
    for n, value in ipairs({found[i], listed, created, '', '', '', deadline, ''}) do values[at + n] = value end
    answer[#answer + 1] = {0, task}
  elseif is_due then
    -- Whoever took the job away by hand took the task with it.
    redis.call('HDEL', unlisted, found[i])
  end
end
for n, did in ipairs(record_histories(KEYS[1], values, places)) do answer[n + 2][1] = did end
answer[2] = redis.call('HLEN', unlisted)
return answer
`,
);

/** KEYS <all> → queued, running, then success, error, timeout, cancelled since ever (null = none yet). */
export const readTotals = luaScript<[queued: number, running: number, ...ended: (string | null)[]]>(
  "readTotals",
  1,
  `
local all = KEYS[1]
local ended = redis.call('HMGET', all .. 'counters', 'tasks:success', 'tasks:error', 'tasks:timeout', 'tasks:cancelled')
local queued = redis.call('ZCARD', all .. 'ix:s:queued') + redis.call('HLEN', all .. 'unlisted')
return {queued, redis.call('ZCARD', all .. 'ix:s:running'), unpack(ended)}
`,
);

/**
 * Forgets ended tasks beyond the newest `keep`, or ended before `before`; none that ended after `spare`.
 * KEYS <all> · ARGV keep, before, spare, at most, what the keys of records begin with ('' = they go by themselves)
 * → ids of those that went
 */
export const trimHistory = luaScript<string[]>(
  "trimHistory",
  1,
  `${PACKING}${BY_KEY}${TRACE_INDEX}
local all = KEYS[1]
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
if #gone == 0 then return {} end
local listed, left, traces, ids, records = redis.call('HMGET', all .. 'task', unpack(gone)), {}, {}, {}, {}
for i, member in ipairs(gone) do
  ids[i] = unpacked(member)
  if ARGV[5] ~= '' then
    records[2 * i - 1] = ARGV[5] .. ids[i] .. '}'
    records[2 * i] = records[2 * i - 1] .. ':body'
  end
  if listed[i] then
    local _, status, droplet, by, trace = unpack(cjson.decode(listed[i]))
    put(left, 'ix:s:' .. status, member)
    put(left, 'ix:d:' .. droplet, member)
    if by ~= '' then put(left, 'ix:r:' .. by, member) end
    put(traces, trace, member)
  end
end
if #records > 0 then redis.call('UNLINK', unpack(records)) end
for key, members in pairs(left) do redis.call('ZREM', all .. key, unpack(members)) end
leave_traces(all, traces)
redis.call('ZREM', all .. 'ix:all', unpack(gone))
redis.call('ZREM', ended, unpack(gone))
redis.call('HDEL', all .. 'task', unpack(gone))
return ids
`,
);

/**
 * One page of a filter, newest first, and how many match in all.
 * KEYS scratch, <all> · ARGV since, until, cursor score ('' = first page), cursor id, limit, trace ('' = any),
 *   then what follows <all> in the name of each index
 * → [total, id, score, id, score, …]
 *
 * Several indexes are intersected into a scratch set that never outlives the script; the cost is that of the
 * smallest one. Within one millisecond ids are ordered by name, so that a cursor stays right while tasks arrive.
 */
export const pageOfHistory = luaScript<[total: number, ...rows: string[]]>(
  "pageOfHistory",
  2,
  `${PACKING}
local scratch, all = KEYS[1], KEYS[2]
local since, till, from_score, from_member = ARGV[1], ARGV[2], tonumber(ARGV[3]), packed(ARGV[4])
local limit, trace, indexes = tonumber(ARGV[5]), ARGV[6], {}
for i = 7, #ARGV do indexes[#indexes + 1] = all .. ARGV[i] end
local function was_shown(member, score)
  return from_score and (score > from_score or score == from_score and member >= from_member)
end
-- The only task of a trace is in no set of its own.
local function page_of_one(member)
  local score = redis.call('ZSCORE', all .. 'ix:all', member)
  for _, index in ipairs(indexes) do score = score and redis.call('ZSCORE', index, member) end
  local at = tonumber(score or nil)
  if not at or at < tonumber(since) or at > tonumber(till) then return {0} end
  if was_shown(member, at) then return {1} end
  return {1, unpacked(member), score}
end
if trace ~= '' then
  local only = redis.call('HGET', all .. 'traces', trace)
  if not only then return {0} end
  if only ~= '' then return page_of_one(only) end
  indexes[#indexes + 1] = all .. 'ix:t:' .. trace
end
local index = indexes[1] or all .. 'ix:all'
if #indexes > 1 then
  local args = {scratch, #indexes}
  for _, set in ipairs(indexes) do args[#args + 1] = set end
  args[#args + 1] = 'WEIGHTS'
  for i = 1, #indexes do args[#args + 1] = i == 1 and 1 or 0 end
  redis.call('ZINTERSTORE', unpack(args))
  index = scratch
end
local page = {redis.call('ZCOUNT', index, since, till)}
local newest = till
if from_score and from_score < tonumber(till) then newest = ARGV[3] end
local offset = 0
repeat
  local found = redis.call('ZREVRANGEBYSCORE', index, newest, since, 'WITHSCORES', 'LIMIT', offset, limit)
  for i = 1, #found, 2 do
    if not was_shown(found[i], tonumber(found[i + 1])) and #page < 1 + 2 * limit then
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
