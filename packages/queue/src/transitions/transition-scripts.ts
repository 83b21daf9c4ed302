import { ENTRY_VALUES, RECORD_HISTORIES } from "../history/record-histories.ts";
import { JOB_DATA_HEAD } from "../dispatch/job-data.ts";
import { ADD_JOBS } from "../dispatch/job-moves.ts";
import { JOBS_ADDED, RESTRICTED } from "../redis/keys.ts";
import { luaScript } from "../redis/lua-script.ts";
import { CREATE_RECORD } from "../records/create-record.ts";
import {
  ANNOUNCE_END,
  END_AT_ONCE,
  END_AT_ONCE_VALUES,
  END_TASK,
  END_VALUES,
  type EndVerdict,
} from "../records/record-scripts.ts";

/**
 * Records and the lists over all tasks, changed in one step: no moment at which one knows what the other does not. Tasks
 * of one turn of the event loop share a script, because every command in it costs the lists more than what it changes.
 * Not for a Redis Cluster, where each task is in a slot of its own.
 */

/** What a script did not answer because there was nothing to list. */
export const NOT_LISTED = -1;

/** How many values `submitAndList` takes for a task before its entry. */
export const JOB_VALUES = 5;

/**
 * Adds jobs, and with them the records of their tasks and their places in the lists, or notes them as unlisted.
 * KEYS <all>, for each its queue and its record · ARGV for each '1' = record and lists at once, the task (JSON), what
 * follows the task in the job's data, options (JSON), priority, then the entry
 * → for each what the lists did, or NOT_LISTED
 */
export const submitAndList = luaScript<number[]>(
  "submitAndList",
  "any",
  `${ADD_JOBS}${CREATE_RECORD}${RECORD_HISTORIES}
local jobs, answers, places, numbers = {}, {}, {}, {}
for i = 1, (#KEYS - 1) / 2 do
  local at = (i - 1) * ${JOB_VALUES + ENTRY_VALUES}
  local listed, task, others, options, priority, id, _, created = unpack(ARGV, at + 1, at + ${JOB_VALUES + 3})
  jobs[i] = {KEYS[2 * i], id, '${JOB_DATA_HEAD}' .. task .. others, options, created, priority}
  answers[i] = ${NOT_LISTED}
  if listed == '1' and create_record(KEYS[2 * i + 1], task) then
    places[#places + 1] = at + ${JOB_VALUES}
    numbers[#numbers + 1] = i
  end
end
local added, unlisted = {}, {}
local called = add_jobs(jobs, added, restrictions(KEYS[1] .. '${RESTRICTED}'))
for i = 1, (#KEYS - 1) / 2 do
  local at = (i - 1) * ${JOB_VALUES + ENTRY_VALUES}
  local listed, task, _, _, _, id, text, created, _, _, _, deadline = unpack(ARGV, at + 1, at + ${JOB_VALUES + ENTRY_VALUES})
  if listed ~= '1' and added[id] then
    local n = #unlisted
    unlisted[n + 1], unlisted[n + 2] = id, table.concat({created, deadline, text, KEYS[2 * i], #task}, '\\n')
  end
end
if #unlisted > 0 then redis.call('HSET', KEYS[1] .. 'unlisted', unpack(unlisted)) end
for n, did in ipairs(record_histories(KEYS[1], ARGV, places)) do answers[numbers[n]] = did end
call_consumers(KEYS[1] .. '${JOBS_ADDED}', called)
return answers
`,
);

/** KEYS a record each, <all> · ARGV for each its task and its entry → for each what the lists did, or NOT_LISTED */
export const createAndList = luaScript<number[]>(
  "createAndList",
  "any",
  `${CREATE_RECORD}${RECORD_HISTORIES}
local answers, places, numbers = {}, {}, {}
for i = 1, #KEYS - 1 do
  local at = (i - 1) * ${1 + ENTRY_VALUES}
  answers[i] = ${NOT_LISTED}
  if create_record(KEYS[i], ARGV[at + 1]) then
    places[#places + 1] = at + 1
    numbers[#numbers + 1] = i
  end
end
for n, did in ipairs(record_histories(KEYS[#KEYS], ARGV, places)) do answers[numbers[n]] = did end
return answers
`,
);

/**
 * KEYS record, body, watchers, <all>, the job's lock, the job · ARGV as of endTask, '1' = from outside the job: not while
 * a worker holds it and the task is without attempts, the entry
 * → [verdict, revision, body bytes, what the lists did]
 * A job that is still there after an end from outside counts as started once: a worker that gets it reads the record first.
 */
export const endAndList = luaScript<[EndVerdict, number, number, number]>(
  "endAndList",
  6,
  `${END_TASK}${ANNOUNCE_END}${RECORD_HISTORIES}
local is_outside = ARGV[${END_VALUES}] == '1'
if is_outside and redis.call('EXISTS', KEYS[5]) == 1 then
  local status, n = unpack(redis.call('HMGET', KEYS[1], 's', 'n'))
  if status == 'queued' and not n then return {'running', 0, -1, ${NOT_LISTED}} end
end
local verdict, sealed = end_task(KEYS, ARGV)
if not sealed then return {verdict[1], verdict[2], verdict[3], ${NOT_LISTED}} end
if is_outside and redis.call('EXISTS', KEYS[6]) == 1 then redis.call('HINCRBY', KEYS[6], 'ats', 1) end
-- The first of what is listed is the revision.
ARGV[${END_VALUES + 2}] = ARGV[${END_VALUES + 2}]:gsub('%d+', verdict[2], 1)
verdict[4] = record_histories(KEYS[4], ARGV, {${END_VALUES}})[1]
announce_end(KEYS[3], ARGV[14], ARGV[13], ARGV[3], verdict[3] >= 0, sealed)
return verdict
`,
);

/**
 * For tasks that end with their first attempt, which nobody has written down.
 * KEYS for each record, body and watchers, then <all> · ARGV for each the values of end_at_once and its entry
 * → for each what the lists did, or NOT_LISTED when the record knows better
 */
export const endAtOnceAndList = luaScript<number[]>(
  "endAtOnceAndList",
  "any",
  `${END_AT_ONCE}${ANNOUNCE_END}${RECORD_HISTORIES}
local answers, places, numbers = {}, {}, {}
for i = 1, (#KEYS - 1) / 3 do
  local at = (i - 1) * ${END_AT_ONCE_VALUES + ENTRY_VALUES}
  answers[i] = ${NOT_LISTED}
  if end_at_once(KEYS[3 * i - 2], KEYS[3 * i - 1], ARGV, at) then
    places[#places + 1] = at + ${END_AT_ONCE_VALUES}
    numbers[#numbers + 1] = i
  end
end
local did = record_histories(KEYS[#KEYS], ARGV, places)
for n, i in ipairs(numbers) do
  answers[i] = did[n]
  local channel, status, sealed, _, body, _, id = unpack(ARGV, places[n] - ${END_AT_ONCE_VALUES - 1}, places[n] + 1)
  announce_end(KEYS[3 * i], channel, id, status, body ~= '', sealed)
end
return answers
`,
);
