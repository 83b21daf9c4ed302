import { EVENTS_KEPT } from "../events/event-log.ts";

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
export const PACKING = `
local function packed(id)
  if #id ~= 36 then return id end
  return struct.pack('>I4I4I4I4', tonumber(id:sub(1, 8), 16), tonumber(id:sub(10, 13) .. id:sub(15, 18), 16),
    tonumber(id:sub(20, 23) .. id:sub(25, 28), 16), tonumber(id:sub(29, 36), 16))
end
local function unpacked(member)
  return (('%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x'):format(member:byte(1, 16)))
end
`;

/** What an entry did to the lists. */
export const ENTRY_STALE = 0;
export const ENTRY_MOVED = 1;
export const ENTRY_NEW = 2;

/** How many values make an entry. */
export const ENTRY_VALUES = 14;

/**
 * record_histories(all, entries) → for each entry, in order, ENTRY_STALE | ENTRY_MOVED | ENTRY_NEW
 * No two of them of one task. What many entries do to one key is done in one command.
 * entry: id, status, created at, droplet, requested by, trace id, ended at, duration ms and its bucket
 *        ('' = no attempt was made), retries, deadline at ('' = none), the revision and the retries at which it was
 *        running without that having been listed ('' = was not), revision
 */
export const RECORD_HISTORIES = `${PACKING}
local function by_key()
  local values = {}
  return values, function(key, ...)
    local list = values[key] or {}
    values[key] = list
    for _, value in ipairs({...}) do list[#list + 1] = value end
  end
end
local function record_histories(all, entries)
  if #entries == 0 then return {} end
  local members = {}
  for i, values in ipairs(entries) do members[i] = packed(values[1]) end
  local listed = redis.call('HMGET', all .. 'task', unpack(members))
  local left, leave = by_key()
  local entered, enter = by_key()
  local counted, buckets, tasks, busy, answers = {}, {}, {}, {}, {}
  local function count(key, name, by_how_many)
    local names = counted[key] or {}
    counted[key] = names
    names[name] = (names[name] or 0) + by_how_many
  end
  local function record(i, member, was, id, status, created, droplet, by, trace, ended, duration, bucket, retries, deadline,
      ran, ran_retries, revision)
    revision = tonumber(revision)
    local entry = was and cjson.decode(was)
    if entry and entry[1] >= revision then return ${ENTRY_STALE} end
    local before = 0
    if entry then
      before = entry[6] or 0
      leave('ix:s:' .. entry[2], member)
      leave('ix:sd:' .. entry[2] .. ':' .. entry[3], member)
    else
      enter('ix:all', created, member)
      enter('ix:d:' .. droplet, created, member)
      if by ~= '' then enter('ix:r:' .. by, created, member) end
      enter('ix:t:' .. trace, created, member)
      busy[droplet] = true
    end
    local function tell(at, what, times)
      local told = cjson.encode({at, what, droplet, by, trace, times})
      redis.call('XADD', all .. 'events', 'MAXLEN', '~', ${EVENTS_KEPT}, '*', 't', id, 'e', told)
      return told
    end
    -- A worker may be faster than whoever submitted: the task was queued all the same.
    if not entry and revision > 1 then tell(1, 'queued', 0) end
    ran = tonumber(ran)
    if ran and not (entry and entry[1] >= ran) then tell(ran, 'running', tonumber(ran_retries)) end
    local retried = math.max(tonumber(retries), before)
    tasks[#tasks + 1] = member
    tasks[#tasks + 1] = tell(revision, status, retried)
    enter('ix:s:' .. status, created, member)
    if ended == '' then enter('ix:sd:' .. status .. ':' .. droplet, created, member) end
    if retried > before then
      count('counters', 'retries', retried - before)
      count('per-droplet', droplet .. ':retries', retried - before)
    end
    local answer = entry and ${ENTRY_MOVED} or ${ENTRY_NEW}
    if ended == '' then
      if deadline ~= '' then enter('deadlines', deadline, id) end
      return answer
    end
    if deadline ~= '' then leave('deadlines', id) end
    enter('ended', ended, member)
    count('counters', 'tasks:' .. status, 1)
    count('per-droplet', droplet .. ':' .. status, 1)
    if retried > 0 and status == 'success' then count('counters', 'retried:success', 1) end
    if retried > 0 and (status == 'error' or status == 'timeout') then count('counters', 'retried:failure', 1) end
    if duration ~= '' then
      count('counters', 'duration_ms', tonumber(duration))
      count('per-droplet', droplet .. ':duration_ms', tonumber(duration))
      for _, histogram in ipairs({'took', 'took:' .. droplet}) do
        local counts = buckets[histogram] or {}
        buckets[histogram] = counts
        counts[bucket] = (counts[bucket] or 0) + 1
      end
    end
    return answer
  end
  for i, values in ipairs(entries) do answers[i] = record(i, members[i], listed[i], unpack(values)) end
  for key, gone in pairs(left) do redis.call('ZREM', all .. key, unpack(gone)) end
  for key, come in pairs(entered) do redis.call('ZADD', all .. key, unpack(come)) end
  if #tasks > 0 then redis.call('HSET', all .. 'task', unpack(tasks)) end
  for droplet in pairs(busy) do redis.call('SADD', all .. 'busy', droplet) end
  for key, names in pairs(counted) do
    for name, by_how_many in pairs(names) do redis.call('HINCRBY', all .. key, name, by_how_many) end
  end
  for key, counts in pairs(buckets) do
    local changes = {'BITFIELD', all .. key, 'OVERFLOW', 'SAT'}
    for bucket, by_how_many in pairs(counts) do
      for _, word in ipairs({'INCRBY', 'u32', '#' .. bucket, by_how_many}) do changes[#changes + 1] = word end
    end
    redis.call(unpack(changes))
  end
  return answers
end
`;
