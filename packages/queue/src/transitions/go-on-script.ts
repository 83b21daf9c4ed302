import {
  FINISH_JOBS,
  TAKE_JOBS,
  type NOT_PLAIN,
  type Taken,
  type TakenJob,
} from "../dispatch/job-moves.ts";
import { ENTRY_VALUES, RECORD_HISTORIES } from "../history/record-histories.ts";
import { ANNOUNCE_END, END_AT_ONCE, END_AT_ONCE_VALUES } from "../records/record-scripts.ts";
import { RESTRICTED } from "../redis/keys.ts";
import { luaScript } from "../redis/lua-script.ts";
import { NOT_LISTED } from "./transition-scripts.ts";

/** How many values `goOn` takes for a job before those of its task. */
const HELD_VALUES = 2;

/** How many it takes for a look. */
const LOOK_VALUES = 3;

/** What became of a task and its job; all but the first are left out when the record knew better. */
export type GoneOn = [
  did: number,
  code: number,
  next?: [job: TakenJob | "", nextDue: string] | typeof NOT_PLAIN,
];

/**
 * What the consumers of a process ask for in one turn: their jobs completed with the tasks that end, as endAtOnceAndList,
 * and the next ones taken; then looks into queues where they hold none.
 * KEYS <all>, for each end its queue, record, body and watchers, for each look its queue · ARGV now, lock ms, how many ends,
 * then for each the job's token, '1' = wants the next one, the values of end_at_once and its entry; then for each look how
 * many jobs, token, '1' = stalled and delayed ones are looked for
 */
export const goOn = luaScript<[ends: GoneOn[], looks: (typeof NOT_PLAIN | Taken)[]]>(
  "goOn",
  "any",
  `${END_AT_ONCE}${ANNOUNCE_END}${RECORD_HISTORIES}${TAKE_JOBS}${FINISH_JOBS}
local now, lock_ms, ends = ARGV[1], ARGV[2], tonumber(ARGV[3])
local values_of_end = ${HELD_VALUES + END_AT_ONCE_VALUES + ENTRY_VALUES}
-- Most tasks have no record yet, and nobody who watches: one question for all of them.
local function has_news()
  local keys = {}
  for i = 1, ends do keys[2 * i - 1], keys[2 * i] = KEYS[4 * i - 1], KEYS[4 * i + 1] end
  return ends == 0 or redis.call('EXISTS', unpack(keys)) > 0
end
local function end_tasks()
  local jobs, answers, places, numbers, watchers, seen = {}, {}, {}, {}, {}, {}
  local unrecorded = not has_news()
  for i = 1, ends do
    local at = 3 + (i - 1) * values_of_end
    local entry = at + ${HELD_VALUES + END_AT_ONCE_VALUES}
    local queue, record, body, watching = unpack(KEYS, 4 * i - 2, 4 * i + 1)
    answers[i] = {${NOT_LISTED}, 0}
    if not seen[record] and end_at_once(record, body, ARGV, at + ${HELD_VALUES}, unrecorded) then
      seen[record] = true
      places[#places + 1] = entry
      numbers[#numbers + 1] = i
      watchers[#watchers + 1] = watching
      jobs[#jobs + 1] = {queue, ARGV[entry + 1], ARGV[at + 1], ARGV[at + 2]}
    end
  end
  local did = record_histories(KEYS[1], ARGV, places, unrecorded)
  local watched = not unrecorded and #watchers > 0 and redis.call('EXISTS', unpack(watchers)) > 0
  for n, i in ipairs(numbers) do
    answers[i][1] = did[n]
    local at = places[n]
    local channel, status, sealed, _, body, _, id = unpack(ARGV, at - ${END_AT_ONCE_VALUES - 1}, at + 1)
    if watched or channel ~= '' then announce_end(watched and watchers[n], channel, id, status, body ~= '', sealed) end
  end
  return jobs, numbers, answers
end
local wishes, wishing = {}, {}
-- Those that want the next job of a queue share a wish.
local function wish_for_next(queue, token, i)
  local at = wishing[queue]
  if not at then
    at = #wishes + 1
    wishing[queue] = at
    wishes[at] = {queue, 0, {}, true, true, {}}
  end
  local wish = wishes[at]
  local n = wish[2] + 1
  wish[2], wish[3][n], wish[6][n] = n, token, i
end
local jobs, numbers, gone_on = end_tasks()
for n, code in ipairs(finish_jobs(jobs, now)) do
  local queue, _, token, wants_next = unpack(jobs[n])
  gone_on[numbers[n]][2] = code
  if code == 0 and wants_next == '1' then wish_for_next(queue, token, numbers[n]) end
end
local nexts = #wishes
for i = 4 * ends + 2, #KEYS do
  local at = 3 + ends * values_of_end + ${LOOK_VALUES} * (i - 4 * ends - 2)
  wishes[#wishes + 1] = {KEYS[i], tonumber(ARGV[at + 1]), ARGV[at + 2], ARGV[at + 3] == '1', false}
end
local looks = {}
for at, taken in ipairs(take_jobs(wishes, lock_ms, now, restrictions(KEYS[1] .. '${RESTRICTED}'))) do
  if at > nexts then
    looks[at - nexts] = taken
  else
    for n, i in ipairs(wishes[at][6]) do gone_on[i][3] = taken and {taken[1][n] or '', taken[3]} end
  end
end
return {gone_on, looks}
`,
);
