import {
  FINISH_JOBS,
  NOT_PLAIN,
  TAKE_JOBS,
  type Taken,
  type TakenJob,
} from "../dispatch/job-moves.ts";
import { ENTRY_VALUES, RECORD_HISTORIES } from "../history/record-histories.ts";
import { ANNOUNCE_END, END_AT_ONCE, END_AT_ONCE_VALUES } from "../records/record-scripts.ts";
import { luaScript } from "../redis/lua-script.ts";
import { NOT_LISTED } from "./transition-scripts.ts";

/** How many values `goOn` takes for a job before those of its task. */
const HELD_VALUES = 2;

/** What became of a task and its job; all but the first are left out when the record knew better. */
export type GoneOn = [
  did: number,
  code: number,
  next?: [isPlain: "1" | "", nextDue: string, isEmpty: "1" | "", job: TakenJob | ""],
];

/**
 * What the consumers of a process ask for in one turn: their jobs completed with the tasks that end, as endAtOnceAndList,
 * and the next ones taken; then looks into queues where they hold none.
 * KEYS <all>, for each end its queue, record, body and watchers, for each look its queue · ARGV now, lock ms, how many ends,
 * then for each the job's token, '1' = wants the next one, the values of end_at_once and its entry; then for each look
 * '1' = a marker called, how many jobs, token
 * A marker calls one consumer, so that it passes the call on when it leaves jobs behind.
 */
export const goOn = luaScript<[ends: GoneOn[], looks: (typeof NOT_PLAIN | Taken)[]]>(
  "goOn",
  "any",
  `${END_AT_ONCE}${ANNOUNCE_END}${RECORD_HISTORIES}${TAKE_JOBS}${FINISH_JOBS}
local now, lock_ms, ends = ARGV[1], ARGV[2], tonumber(ARGV[3])
local values_of_end = ${HELD_VALUES + END_AT_ONCE_VALUES + ENTRY_VALUES}
local function end_tasks()
  local queues, answers, places, numbers, watchers = {}, {}, {}, {}, {}
  for i = 1, ends do
    local at = 3 + (i - 1) * values_of_end
    local entry = at + ${HELD_VALUES + END_AT_ONCE_VALUES}
    local queue, record, body, watching = unpack(KEYS, 4 * i - 2, 4 * i + 1)
    answers[i] = {${NOT_LISTED}, 0}
    if end_at_once(record, body, ARGV, at + ${HELD_VALUES}) then
      places[#places + 1] = entry
      numbers[#numbers + 1] = i
      watchers[#watchers + 1] = watching
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
  return queues, answers
end
local function go_on(queue, jobs, answers)
  local tokens, wanting = {}, {}
  for n, code in ipairs(finish_jobs(queue, jobs, now)) do
    local _, token, wants_next, i = unpack(jobs[n])
    answers[i][2] = code
    if code == 0 and wants_next == '1' then
      local count = #tokens + 1
      tokens[count], wanting[count] = token, i
    end
  end
  if #wanting == 0 then return end
  local taken, is_empty, due = {}, true, ''
  if has_jobs(queue) then taken, is_empty, due = take_jobs(queue, tokens, lock_ms, now) end
  for n, i in ipairs(wanting) do
    answers[i][3] = {taken and '1' or '', due or '', is_empty and '1' or '', taken and taken[n] or ''}
  end
end
local function look(queue, passes_on, count, token)
  local tokens = {token}
  for n = 1, count - 1 do tokens[n + 1] = token .. '.' .. n end
  local taken, is_empty, due = take_jobs(queue, tokens, lock_ms, now)
  if not taken then return ${NOT_PLAIN} end
  if passes_on == '1' and not is_empty then redis.call('ZADD', queue .. 'marker', 0, '0') end
  return {taken, is_empty and '1' or '', due}
end
local queues, gone_on = end_tasks()
for queue, jobs in pairs(queues) do go_on(queue, jobs, gone_on) end
local looks = {}
for i = 4 * ends + 2, #KEYS do
  local n = #looks
  looks[n + 1] = look(KEYS[i], unpack(ARGV, 4 + ends * values_of_end + 3 * n, 6 + ends * values_of_end + 3 * n))
end
return {gone_on, looks}
`,
);
