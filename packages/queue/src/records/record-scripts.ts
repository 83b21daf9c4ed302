import type { TaskStatus } from "@orchestrator/contract";
import { luaScript } from "../redis/lua-script.ts";
import { CREATE_RECORD } from "./create-record.ts";

type BeginAnswer = [
  verdict: "begun" | "begun_against_wish" | "lost" | "cancelled" | "ended",
  revision: number,
  number: number,
  open: string,
  ...attempts: string[],
];
export type CloseVerdict = "queued" | "cancelled" | "refused";
export type EndVerdict = "ended" | "refused" | "running" | "missing";

/** An input up to this size is sealed with the rest; a larger one would be read with every list. */
export const SEALED_INPUT_BYTES_MAX = 512;

/**
 * The only writers of a task's record. Each is one atomic step that refuses to go back: an ended record is
 * final, and an attempt can only be closed by the worker that holds it (its number must be the open one).
 *
 * Fields of the record's hash:
 *   d  the task (JSON)            s  status            v  revision, grows with every change
 *   n  number of the last attempt o  open attempt (JSON, "" when none)
 *   a:<n>  attempt n (JSON)       f  first attempt's start (ms)    na  next attempt at (ms)
 *   u  last target URL            r  last response (JSON)          e  how it ended (JSON)
 *   c  ended at (ms)              x  cancellation wished at (ms)   p  input kept for a replay (JSON)
 *
 * The end seals the record: all but the status (and a large input) goes into one field, because a hash of many fields
 * takes twice the memory of what it holds:
 *   z  names and values in turn, one to a line; no value has a line break of its own
 */
const ENDED = `
local function ended(status)
  return status and status ~= 'queued' and status ~= 'running'
end
local function keep_body(key, response, body)
  if body ~= '' then
    redis.call('SET', key, body)
    return #body
  end
  if response ~= '' then return redis.call('DEL', key) - 1 end
  return redis.call('EXISTS', key) == 1 and redis.call('STRLEN', key) or -1
end
`;

/** KEYS record · ARGV task → 1 when this call made the record, else 0. */
export const createRecord = luaScript<number>(
  "createRecord",
  1,
  `${CREATE_RECORD}
return create_record(KEYS[1], ARGV[1]) and 1 or 0
`,
);

/**
 * KEYS record · ARGV task, now, worker, attempt to take for begun should there have been none ('' = there was none),
 *   late ('1' = the first attempt is under way already)
 * → [verdict, revision, attempt number, open attempt, attempts…]
 * verdict: begun | begun_against_wish (late only) | ended | cancelled | lost. Makes the record when the submitter could not.
 */
export const beginAttempt = luaScript<BeginAnswer>(
  "beginAttempt",
  1,
  `${ENDED}
local key = KEYS[1]
local status, open, wish, n = unpack(redis.call('HMGET', key, 's', 'o', 'x', 'n'))
if not status then
  redis.call('HSET', key, 'd', ARGV[1], 's', 'queued', 'v', 1)
end
n = tonumber(n or 0)
local function answer(verdict)
  local found = {verdict, tonumber(redis.call('HGET', key, 'v')), n, open or ''}
  for i = 1, n do found[#found + 1] = redis.call('HGET', key, 'a:' .. i) or '' end
  return found
end
if ended(status) then return answer('ended') end
if n == 0 and ARGV[4] ~= '' then
  n, open = 1, ARGV[4]
  redis.call('HSET', key, 's', 'running', 'n', n, 'o', open, 'f', cjson.decode(open).startedAt)
  redis.call('HINCRBY', key, 'v', 1)
end
if open and open ~= '' then return answer('lost') end
if ARGV[5] == '1' and n > 0 then return answer('lost') end
if wish and ARGV[5] ~= '1' then return answer('cancelled') end
n = n + 1
open = cjson.encode({number = n, startedAt = tonumber(ARGV[2]), worker = ARGV[3]})
redis.call('HSET', key, 's', 'running', 'n', n, 'o', open, 'na', '')
redis.call('HSETNX', key, 'f', ARGV[2])
redis.call('HINCRBY', key, 'v', 1)
local begun = answer('begun')
if wish then begun[1] = 'begun_against_wish' end
return begun
`,
);

/**
 * Closes attempt n; the task goes on. A whole body has no expiry yet: its time counts from the end of the task.
 * KEYS record, body · ARGV n, attempt, next attempt at ('' = at once), response, body, target URL
 * → [verdict, revision, body bytes]; verdict: queued | cancelled (a wish came in between) | refused (not ours any
 *   more); body bytes: of the whole body now kept beside the record, 0 when that has gone, -1 when there was none
 */
export const closeAttempt = luaScript<[CloseVerdict, number, number]>(
  "closeAttempt",
  2,
  `${ENDED}
local key = KEYS[1]
local status, open, wish, n = unpack(redis.call('HMGET', key, 's', 'o', 'x', 'n'))
if status ~= 'running' or not open or open == '' or n ~= ARGV[1] then return {'refused', 0, -1} end
redis.call('HSET', key, 's', 'queued', 'o', '', 'a:' .. n, ARGV[2], 'na', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', key, 'r', ARGV[4]) end
if ARGV[6] ~= '' then redis.call('HSET', key, 'u', ARGV[6]) end
local bytes = keep_body(KEYS[2], ARGV[4], ARGV[5])
local revision = redis.call('HINCRBY', key, 'v', 1)
return {wish and 'cancelled' or 'queued', revision, bytes}
`,
);

/**
 * end_task(keys, argv): ends the task.
 * keys record, body
 * argv n ('' = not by an attempt), attempt, status, end, now, response, body, keep ms, target URL,
 *      record's life ms, input, force ('1' = although an attempt is open)
 * → [verdict, revision, body bytes], sealed record; verdict: ended | refused (final already, or not ours any more) |
 *   running | missing; body bytes as in closeAttempt
 */
export const END_TASK = `${ENDED}
local function end_task(keys, argv)
  local key = keys[1]
  local status, open, n = unpack(redis.call('HMGET', key, 's', 'o', 'n'))
  if not status then return {'missing', 0, -1} end
  if ended(status) then return {'refused', 0, -1} end
  local isOpen = open and open ~= ''
  if argv[1] ~= '' then
    if not isOpen or n ~= argv[1] then return {'refused', 0, -1} end
  elseif isOpen and argv[12] ~= '1' then
    return {'running', 0, -1}
  end
  local set = {'e', argv[4], 'c', argv[5], 'o', '', 'na', ''}
  local function also(name, value)
    set[#set + 1] = name
    set[#set + 1] = value
  end
  if argv[2] ~= '' and n then also('a:' .. n, argv[2]) end
  if argv[6] ~= '' then also('r', argv[6]) end
  if argv[9] ~= '' then also('u', argv[9]) end
  local is_large = #argv[11] > ${SEALED_INPUT_BYTES_MAX}
  if not is_large then also('p', argv[11]) end
  redis.call('HSET', key, unpack(set))
  local revision = redis.call('HINCRBY', key, 'v', 1)
  local fields, lines = redis.call('HGETALL', key), {}
  for i = 1, #fields, 2 do
    if fields[i] ~= 's' and fields[i + 1] ~= '' then
      lines[#lines + 1] = fields[i]
      lines[#lines + 1] = fields[i + 1]
    end
  end
  local sealed = table.concat(lines, '\\n')
  redis.call('DEL', key)
  redis.call('HSET', key, 's', argv[3], 'z', sealed)
  if is_large then redis.call('HSET', key, 'p', argv[11]) end
  redis.call('PEXPIRE', key, argv[10])
  local bytes = keep_body(keys[2], argv[6], argv[7])
  if bytes >= 0 then redis.call('PEXPIRE', keys[2], argv[8]) end
  return {'ended', revision, bytes}, sealed
end
`;

/** How many values `end_at_once` takes. */
export const END_AT_ONCE_VALUES = 6;

/**
 * end_at_once(record, body, argv, at, unrecorded): ends a task by a first attempt of which nothing was written down before;
 * false when something was, or the task has ended; `unrecorded` when it is known that there is no record. The record has no
 * end of its own: it goes with its place in the lists. Its values come after the first `at` of argv:
 * reply channel ('' = none), status, sealed record, large input ('' = none), body ('' = none), body's life ms
 */
export const END_AT_ONCE = `${ENDED}
local function end_at_once(record, body, argv, at, unrecorded)
  if not unrecorded then
    local status, n = unpack(redis.call('HMGET', record, 's', 'n'))
    if ended(status) or n then return false end
    if status then redis.call('DEL', record) end
  end
  redis.call('HSET', record, 's', argv[at + 2], 'z', argv[at + 3])
  if argv[at + 4] ~= '' then redis.call('HSET', record, 'p', argv[at + 4]) end
  if argv[at + 5] ~= '' then redis.call('SET', body, argv[at + 5], 'PX', argv[at + 6]) end
  return true
end
`;

/**
 * announce_end(watchers, channel, id, status, has_body, sealed): tells whoever waits that the task has ended, and how;
 * watchers nil when it is known that there are none.
 * Read by `end-notice.ts`.
 */
export const ANNOUNCE_END = `
local function announce_end(watchers, channel, id, status, has_body, sealed)
  local notice = table.concat({id, status, has_body and '1' or '0', sealed}, '\\n')
  if channel ~= '' then redis.call('PUBLISH', channel, notice) end
  local others = watchers and redis.call('SMEMBERS', watchers) or {}
  for _, other in ipairs(others) do redis.call('PUBLISH', other, notice) end
  if #others > 0 then redis.call('DEL', watchers) end
end
`;

/** How many values `endTask` takes, and `endAndList` before the entry. */
export const END_VALUES = 15;

/**
 * KEYS record, body, watchers · ARGV as of end_task, then task id, reply channel ('' = none), one for endAndList
 * → as end_task; whoever waits has been told
 */
export const endTask = luaScript<[EndVerdict, number, number]>(
  "endTask",
  3,
  `${END_TASK}${ANNOUNCE_END}
local verdict, sealed = end_task(KEYS, ARGV)
if sealed then announce_end(KEYS[3], ARGV[14], ARGV[13], ARGV[3], verdict[3] >= 0, sealed) end
return verdict
`,
);

/** KEYS record, watchers · ARGV channel, life ms → 1 ended already, 0 will be told, -1 no such task. */
export const watchTask = luaScript<1 | 0 | -1>(
  "watchTask",
  2,
  `${ENDED}
local status = redis.call('HGET', KEYS[1], 's')
if not status then return -1 end
if ended(status) then return 1 end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 0
`,
);

/** Stores the wish to cancel. KEYS record · ARGV now → status before, or 'missing'; attempts begun. */
export const wishCancel = luaScript<[TaskStatus | "missing", number]>(
  "wishCancel",
  1,
  `${ENDED}
local status, n = unpack(redis.call('HMGET', KEYS[1], 's', 'n'))
if not status then return {'missing', 0} end
if not ended(status) then redis.call('HSETNX', KEYS[1], 'x', ARGV[1]) end
return {status, tonumber(n or 0)}
`,
);
