import { ENTRY_VALUES, RECORD_HISTORIES } from "../history/record-histories.ts";
import { JOB_DATA_HEAD } from "../dispatch/job-data.ts";
import { ADD_JOBS, FINISH_JOBS, TAKE_JOBS, type TakenJob } from "../dispatch/job-moves.ts";
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
local queues, answers, places, numbers = {}, {}, {}, {}
for i = 1, (#KEYS - 1) / 2 do
  local queue = KEYS[2 * i]
  local at = (i - 1) * ${JOB_VALUES + ENTRY_VALUES}
  local listed, task, others, options, priority, id, _, created = unpack(ARGV, at + 1, at + ${JOB_VALUES + 3})
  local jobs = queues[queue] or {}
  queues[queue] = jobs
  jobs[#jobs + 1] = {id, '${JOB_DATA_HEAD}' .. task .. others, options, created, priority}
  answers[i] = ${NOT_LISTED}
  if listed == '1' and create_record(KEYS[2 * i + 1], task) then
    places[#places + 1] = at + ${JOB_VALUES}
    numbers[#numbers + 1] = i
  end
end
local added, unlisted = {}, {}
for queue, jobs in pairs(queues) do add_jobs(queue, jobs, added) end
for i = 1, (#KEYS - 1) / 2 do
  local at = (i - 1) * ${JOB_VALUES + ENTRY_VALUES}
  local listed, task, _, _, _, id, text, created, _, _, _, deadline = unpack(ARGV, at + 1, at + ${JOB_VALUES + ENTRY_VALUES})
  if listed ~= '1' and added[id] then
    local n = #unlisted
    unlisted[n + 1], unlisted[n + 2] = id, table.concat({created, deadline, text, task}, '\\n')
  end
end
if #unlisted > 0 then redis.call('HSET', KEYS[1] .. 'unlisted', unpack(unlisted)) end
for n, did in ipairs(record_histories(KEYS[1], ARGV, places)) do answers[numbers[n]] = did end
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

/** How many values `endAndGoOn` takes for a job before those of its task. */
export const HELD_VALUES = 2;

/** What became of a task and its job; all but the first are left out when the record knew better. */
export type GoneOn = [
  did: number,
  code: number,
  next?: [isPlain: "1" | "", nextDue: string, isEmpty: "1" | "", job: TakenJob | ""],
];

/**
 * As endAtOnceAndList, and with it each job is completed and the next one taken.
 * KEYS <all>, for each its queue, record, body and watchers · ARGV now, lock ms, then for each the job's token, '1' = wants
 * the next one, the values of end_at_once and its entry
 */
export const endAndGoOn = luaScript<GoneOn[]>(
  "endAndGoOn",
  "any",
  `${END_AT_ONCE}${ANNOUNCE_END}${RECORD_HISTORIES}${TAKE_JOBS}${FINISH_JOBS}
local now, lock_ms = ARGV[1], ARGV[2]
local queues, answers, places, numbers, watchers = {}, {}, {}, {}, {}
for i = 1, (#KEYS - 1) / 4 do
  local at = 2 + (i - 1) * ${HELD_VALUES + END_AT_ONCE_VALUES + ENTRY_VALUES}
  local entry = at + ${HELD_VALUES + END_AT_ONCE_VALUES}
  answers[i] = {${NOT_LISTED}, 0}
  if end_at_once(KEYS[4 * i - 1], KEYS[4 * i], ARGV, at + ${HELD_VALUES}) then
    places[#places + 1] = entry
    numbers[#numbers + 1] = i
    watchers[#watchers + 1] = KEYS[4 * i + 1]
    local queue = KEYS[4 * i - 2]
    local jobs = queues[queue] or {}
    queues[queue] = jobs
    jobs[#jobs + 1] = {ARGV[entry + 1], ARGV[at + 1], ARGV[at + 2], i}
  end
end
local did = record_histories(KEYS[1], ARGV, places)
local watched = #watchers > 0 and redis.call('EXISTS', unpack(watchers)) > 0
for n, i in ipairs(numbers) do
  answers[i][1] = did[n]
  local at = places[n]
  local channel, status, sealed, _, body, _, id = unpack(ARGV, at - ${END_AT_ONCE_VALUES - 1}, at + 1)
  if watched or channel ~= '' then announce_end(watchers[n], channel, id, status, body ~= '', sealed) end
end
for queue, jobs in pairs(queues) do
  local tokens, wanting = {}, {}
  for n, code in ipairs(finish_jobs(queue, jobs, now)) do
    local _, token, wants_next, i = unpack(jobs[n])
    answers[i][2] = code
    if code == 0 and wants_next == '1' then
      local count = #tokens + 1
      tokens[count], wanting[count] = token, i
    end
  end
  if #wanting > 0 then
    local due, taken, is_empty = next_due(queue, tonumber(now)), {}, false
    if due then taken, is_empty = take_jobs(queue, tokens, lock_ms, now) end
    for n, i in ipairs(wanting) do
      answers[i][3] = {due and '1' or '', due or '', is_empty and '1' or '', taken[n] or ''}
    end
  end
end
return answers
`,
);
