import { ENTRIES_KEPT, TASKS_TOGETHER, TOLD_VALUES } from "../events/event-log.ts";
import { DROPLET_TALLY } from "../metrics/droplet-tally.ts";
import { NO_LISTPACKS } from "../redis/listpacks.ts";
import { TRACE_INDEX } from "./trace-index.ts";

/**
 * Lists over all tasks and counters, all under `{all}`. This is the second, idempotent step after a record
 * changed: an entry says "task X is at revision r with status s", and one that is not newer changes nothing.
 *
 * `<all>` + task         hash: id → what is listed, [revision, status, droplet, requested_by, trace_id, retries]
 *           ix:*         one sorted set per value one can filter by; score = created at (ms); by status and droplet
 *                        together only for tasks that have not ended; those by trace only where it has several tasks
 *           traces       hash of traces: see `trace-index.ts`
 *           ended        sorted set of ended tasks; score = ended at (ms)
 *           deadlines    sorted set of unfinished tasks with a deadline; score = deadline (ms)
 *           busy         set of droplets whose queue may hold unfinished tasks
 *           counters     hash of totals since ever: tasks:<status>, retries, retried:<success|failure>, duration_ms
 *           tally        what is to be added to the next two: see `droplet-tally.ts`
 *           per-droplet  hash of totals of each droplet: <droplet>:<status|retries|duration_ms>
 *           took         string of counts: tasks by duration, in all and per droplet: see `duration-counts.ts`
 *           unlisted     hash of tasks that are not in any of these yet, nor have a record: id → created at (ms), deadline at
 *                        ('' = none), what is to be listed, then where the task is: what all keys of its queue begin with, and
 *                        how long its JSON is in the job's data; one to a line
 *           events       capped stream of changes, some to an entry: see `event-log.ts`
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
export const ENTRY_VALUES = 8;

/**
 * record_histories(all, argv, places, unrecorded) → for each entry, in order, ENTRY_STALE | ENTRY_MOVED | ENTRY_NEW
 * places: for each entry how many values of argv come before it; no two entries of one task. What many entries do to one
 *         key is done in one command.
 * unrecorded: none of them had a record until now (nil = some may have): those that were noted as unlisted are in no list
 * entry: id, what is to be listed (JSON), created at, ended at, duration ms and its bucket ('' = no attempt was made),
 *        deadline at ('' = none), the retries of the attempt before this step if that was not listed ('' = it was, or none)
 */
export const RECORD_HISTORIES = `${PACKING}${TRACE_INDEX}${NO_LISTPACKS}${DROPLET_TALLY}
local function record_histories(all, argv, places, unrecorded)
  if #places == 0 then return {} end
  local members, ids = {}, {}
  for i, at in ipairs(places) do
    ids[i] = argv[at + 1]
    members[i] = packed(ids[i])
  end
  local are_new = redis.call('HDEL', all .. 'unlisted', unpack(ids)) == #ids and unrecorded
  local listed = are_new and {} or redis.call('HMGET', all .. 'task', unpack(members))
  local left, entered, long, traces, tasks, busy, counted, tally, told, answers = {}, {}, {}, {}, {}, {}, {}, {}, {}, {}
  local function count(name, by_how_many) counted[name] = (counted[name] or 0) + by_how_many end
  local function tell(id, steps_before, text)
    local n = #told
    told[n + 1], told[n + 2], told[n + 3], told[n + 4] = 't', id, 'e' .. steps_before, text
  end
  local function record(member, was, id, text, created, ended, duration, bucket, deadline, ran)
    local entry = cjson.decode(text)
    local revision, status, droplet, by, trace, retries = unpack(entry)
    local before, listed_at, steps_before = 0, 0, ''
    if was then
      was = cjson.decode(was)
      listed_at = was[1]
      if listed_at >= revision then return ${ENTRY_STALE} end
      before = was[6] or 0
      put(left, 'ix:s:' .. was[2], member)
      put(left, 'ix:sd:' .. was[2] .. ':' .. was[3], member)
    else
      put(entered, 'ix:all', created, member)
      put_member(entered, long, 'ix:d:' .. droplet, created, member, id)
      if by ~= '' then put_member(entered, long, 'ix:r:' .. by, created, member, id) end
      put(traces, trace, created, member)
      if ended == '' then busy[droplet] = true end
      -- A worker may be faster than whoever submitted: the task was queued all the same.
      if revision > 1 then steps_before = 'q' end
    end
    -- It ran at the revision before this one.
    if ran ~= '' and revision - 1 > listed_at then steps_before = steps_before .. 'r' .. ran end
    if before > retries then
      retries, entry[6] = before, before
      text = cjson.encode(entry)
    end
    tell(id, steps_before, text)
    put(tasks, 'task', member, text)
    put(entered, 'ix:s:' .. status, created, member)
    if retries > before then count('retries', retries - before) end
    local answer = was and ${ENTRY_MOVED} or ${ENTRY_NEW}
    if ended == '' then
      if retries > before then tally[#tally + 1] = tally_line('', retries - before, '', '', droplet) end
      put(entered, 'ix:sd:' .. status .. ':' .. droplet, created, member)
      if deadline ~= '' then put(entered, 'deadlines', deadline, id) end
      return answer
    end
    if deadline ~= '' then put(left, 'deadlines', id) end
    put(entered, 'ended', ended, member)
    count('tasks:' .. status, 1)
    if retries > 0 and status == 'success' then count('retried:success', 1) end
    if retries > 0 and (status == 'error' or status == 'timeout') then count('retried:failure', 1) end
    if duration ~= '' then count('duration_ms', tonumber(duration)) end
    tally[#tally + 1] = tally_line(status, retries - before, duration, bucket, droplet)
    return answer
  end
  for i, at in ipairs(places) do
    answers[i] = record(members[i], listed[i], unpack(argv, at + 1, at + ${ENTRY_VALUES}))
  end
  for key, gone in pairs(left) do redis.call('ZREM', all .. key, unpack(gone)) end
  for key, come in pairs(entered) do redis.call('ZADD', all .. key, unpack(come)) end
  for key in pairs(long) do forget_long_member(all .. key) end
  enter_traces(all, traces)
  for key, set in pairs(tasks) do redis.call('HSET', all .. key, unpack(set)) end
  for droplet in pairs(busy) do redis.call('SADD', all .. 'busy', droplet) end
  add_to_counts(all .. 'counters', counted)
  for first = 1, #told, ${TOLD_VALUES * TASKS_TOGETHER} do
    redis.call('XADD', all .. 'events', 'MAXLEN', '~', '${ENTRIES_KEPT}', '*',
      unpack(told, first, math.min(first + ${TOLD_VALUES * TASKS_TOGETHER - 1}, #told)))
  end
  note_in_tally(all, tally)
  return answers
end
`;
