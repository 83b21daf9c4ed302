import { NO_LISTPACKS } from "../redis/listpacks.ts";

/**
 * The moves that nearly every job makes (added, taken, completed), each for many jobs at once. BullMQ's own scripts move
 * one job with some 25 commands, which is most of what a task costs Redis; what many share is asked and written once here,
 * and what our jobs never have (parents, deduplication, logs, metrics, readers of BullMQ's events) is not asked for.
 *
 * What they leave behind is what BullMQ's scripts of the same version leave behind, so that any of its scripts goes on from
 * there: `tests/integration/job-moves.test.ts` holds the two side by side. A queue that is out of the ordinary (paused or
 * limited, or with stalled or due delayed jobs) is left to BullMQ's scripts altogether.
 *
 * `queue` is what all keys of a queue begin with. Not for a Redis Cluster when the jobs are of several queues.
 */

/** Ended jobs stay only for Bull Board; the record is what counts. By our own scripts somewhat more may stay for a while. */
export const KEPT_COMPLETED = 100;

/** At most so many old ones of a queue go at once: for all queues of a script Lua hands on some thousands of values. */
const FORGOTTEN_TOGETHER = 100;

/** BullMQ's name of every job of ours. */
export const JOB_NAME = "task";

/** BullMQ's own codes for a job that cannot be completed. */
const [MISSING_JOB, MISSING_LOCK, NOT_ACTIVE, FOREIGN_LOCK] = [-1, -2, -3, -6];

/**
 * presence(keys): a function that tells of each of them once, in any order, whether it is there. They are asked one by one
 * only until it is clear which ones those are that there are.
 */
const PRESENCE = `
local function presence(keys)
  local unseen, there = #keys, redis.call('EXISTS', unpack(keys))
  return function(key)
    local is_there = there > 0 and (there == unseen or redis.call('EXISTS', key) == 1)
    unseen = unseen - 1
    if is_there then there = there - 1 end
    return is_there
  end
end
`;

/**
 * restrictions(key): a function that tells whether a queue is in the set of those that are paused or limited. Most often there
 * are none, and one question does for all.
 */
const RESTRICTIONS = `
local function restrictions(key)
  local are_any
  return function(queue)
    if are_any == nil then are_any = redis.call('EXISTS', key) == 1 end
    return are_any and redis.call('SISMEMBER', key, queue) == 1
  end
end
`;

/**
 * add_jobs(jobs, added, is_restricted): each as addPrioritizedJob; a job is its queue, id, data, options (JSON), created at,
 * priority. The ids of those that were not there before become keys of `added`. Gives the queues whose consumers have to be
 * called: who waits has found the queue empty, and is called by the first to fill it.
 * call_consumers(channel, queues): by a message that `job-calls.ts` reads, or by BullMQ's marker where nobody listens.
 */
export const ADD_JOBS = `${PRESENCE}${RESTRICTIONS}
local function add_new_jobs(queue, jobs, is_alone)
  local scores, count = {}, #jobs
  -- One that is alone comes before all that are counted.
  local counter = is_alone and -1 or redis.call('INCRBY', queue .. 'pc', count) - count
  for i, job in ipairs(jobs) do
    local _, id, data, options, created, priority = unpack(job)
    redis.call('HSET', queue .. id, 'name', '${JOB_NAME}', 'data', data, 'opts', options, 'timestamp', created, 'delay', '0',
      'priority', priority)
    scores[2 * i - 1], scores[2 * i] = priority * 0x100000000 + (counter + i) % 0x100000000, id
  end
  redis.call('ZADD', queue .. 'prioritized', unpack(scores))
  return counter
end
local function needs_call(queue, counter, was_empty, is_restricted)
  if was_empty then
    -- Those that share a priority are in the order of this count, which has 32 bits.
    if counter > 0x7fffffff then redis.call('DEL', queue .. 'pc') end
    return true
  end
  local limit = is_restricted(queue) and redis.call('HGET', queue .. 'meta', 'concurrency')
  return limit and redis.call('LLEN', queue .. 'active') < tonumber(limit)
end
local function add_jobs(jobs, added, is_restricted)
  local keys, queues, called = {}, {}, {}
  for i, job in ipairs(jobs) do keys[i] = job[1] .. job[2] end
  local all_new = redis.call('EXISTS', unpack(keys)) == 0
  for i, job in ipairs(jobs) do
    local queue, id = job[1], job[2]
    if not added[id] and (all_new or redis.call('EXISTS', keys[i]) == 0) then
      added[id] = true
      local others = queues[queue]
      if others then others[#others + 1] = job else queues[queue] = {job} end
    end
  end
  local prioritized = {}
  for queue in pairs(queues) do prioritized[#prioritized + 1] = queue .. 'prioritized' end
  if #prioritized == 0 then return called end
  local is_filled = presence(prioritized)
  for queue, new in pairs(queues) do
    local was_empty = not is_filled(queue .. 'prioritized')
    local counter = add_new_jobs(queue, new, was_empty and #new == 1)
    if needs_call(queue, counter, was_empty, is_restricted) then called[#called + 1] = queue end
  end
  return called
end
local function call_consumers(channel, queues)
  if #queues == 0 or redis.call('PUBLISH', channel, table.concat(queues, '\\n')) > 0 then return end
  for _, queue in ipairs(queues) do redis.call('ZADD', queue .. 'marker', 0, '0') end
end
`;

/**
 * take_jobs(wishes, lock_ms, now, is_restricted): for each wish as many moveToActive; a wish is its queue, how many jobs, a list
 * of their tokens or what `tokenOf` makes them of, whether stalled and delayed jobs are looked for, and whether little is to be
 * expected there. Gives for each the jobs, each as `TakenJob`, whether nothing is left, and when the next delayed job is due
 * (ms, '' = none is known of); false for a queue that only BullMQ's own scripts know how to take from.
 */
export const TAKE_JOBS = `${PRESENCE}${RESTRICTIONS}
local function next_due(queue, now)
  if redis.call('EXISTS', queue .. 'wait') == 1 then return nil end
  local delayed = redis.call('ZRANGE', queue .. 'delayed', 0, 0, 'WITHSCORES')
  if not delayed[2] then return '' end
  -- BullMQ keeps the order of jobs that are due together in the lowest 12 bits.
  local due = math.floor(tonumber(delayed[2]) / 0x1000)
  if due <= now then return nil end
  return tostring(due)
end
local function token_of(tokens, n)
  if type(tokens) == 'table' then return tokens[n] end
  return n == 1 and tokens or tokens .. '.' .. (n - 1)
end
local function take_from(queue, count, tokens, due, lock_ms, now)
  local popped = redis.call('ZPOPMIN', queue .. 'prioritized', count)
  local ids, taken = {popped[1]}, {}
  for i = 3, #popped, 2 do ids[#ids + 1] = popped[i] end
  if #ids > 0 then redis.call('LPUSH', queue .. 'active', unpack(ids)) end
  for i, id in ipairs(ids) do
    local job = queue .. id
    redis.call('SET', job .. ':lock', token_of(tokens, i), 'PX', lock_ms)
    local data, options, created, started = unpack(redis.call('HMGET', job, 'data', 'opts', 'timestamp', 'ats'))
    if started then
      redis.call('HSET', job, 'processedOn', now, 'ats', started + 1)
      taken[i] = {id, redis.call('HGETALL', job)}
    else
      redis.call('HSET', job, 'processedOn', now, 'ats', '1')
      taken[i] = {id, data, options, created}
    end
  end
  local is_empty = #ids < count or redis.call('EXISTS', queue .. 'prioritized') == 0
  return {taken, is_empty and '1' or '', due}
end
local function take_jobs(wishes, lock_ms, now, is_restricted)
  if #wishes == 0 then return {} end
  local others, doubtful, answers = {}, {}, {}
  for _, wish in ipairs(wishes) do
    local queue, _, _, is_thorough, is_doubtful = unpack(wish)
    if is_thorough then
      local n = #others
      others[n + 1], others[n + 2] = queue .. 'wait', queue .. 'delayed'
    end
    if is_doubtful then doubtful[#doubtful + 1] = queue .. 'prioritized' end
  end
  local none_due = #others == 0 or redis.call('EXISTS', unpack(others)) == 0
  local is_filled = none_due and #doubtful > 0 and presence(doubtful)
  for i, wish in ipairs(wishes) do
    local queue, count, tokens, is_thorough, is_doubtful = unpack(wish)
    if is_restricted(queue) then
      answers[i] = false
    elseif is_doubtful and is_filled and not is_filled(queue .. 'prioritized') then
      answers[i] = {{}, '1', ''}
    else
      local due = (none_due or not is_thorough) and '' or next_due(queue, tonumber(now))
      answers[i] = due and take_from(queue, count, tokens, due, lock_ms, now) or false
    end
  end
  return answers
end
`;

/**
 * finish_jobs(jobs, now): each as moveToFinished of a job that nobody held before; a job is its queue, id, token
 * → for each 0 or BullMQ's code
 * Old ones are forgotten with some of them only: asking with each costs more than keeping.
 */
export const FINISH_JOBS = `${NO_LISTPACKS}
local function finish_jobs(jobs, now)
  if #jobs == 0 then return {} end
  local locks, codes, gone, completed, seldom = {}, {}, {}, {}, {}
  for i, job in ipairs(jobs) do locks[i] = job[1] .. job[2] .. ':lock' end
  local held = redis.call('MGET', unpack(locks))
  for i, job in ipairs(jobs) do
    local queue, id, token = unpack(job)
    if held[i] ~= token then
      local is_there = redis.call('EXISTS', queue .. id) == 1
      codes[i] = is_there and (held[i] and ${FOREIGN_LOCK} or ${MISSING_LOCK}) or ${MISSING_JOB}
    elseif redis.call('LREM', queue .. 'active', '-1', id) == 0 then
      codes[i] = ${NOT_ACTIVE}
    else
      codes[i] = 0
      redis.call('HSET', queue .. id, 'returnvalue', 'null', 'finishedOn', now, 'atm', '1')
      gone[#gone + 1] = locks[i]
      put_member(completed, seldom, queue, now, id, id)
    end
  end
  for queue, ids in pairs(completed) do redis.call('ZADD', queue .. 'completed', unpack(ids)) end
  for queue in pairs(seldom) do
    forget_long_member(queue .. 'completed')
    local surplus = math.min(redis.call('ZCARD', queue .. 'completed') - ${KEPT_COMPLETED}, ${FORGOTTEN_TOGETHER})
    if surplus > 0 then
      local oldest = redis.call('ZPOPMIN', queue .. 'completed', surplus)
      for i = 1, surplus do gone[#gone + 1] = queue .. oldest[2 * i - 1] end
    end
  end
  if #gone > 0 then redis.call('DEL', unpack(gone)) end
  return codes
end
`;

/** A job that was taken: what differs from one to the other while nobody has held it before, else all names and values. */
export type TakenJob =
  | [id: string, data: string, options: string, created: string]
  | [id: string, fields: string[]];

/** Nothing was taken, because the queue is BullMQ's to take from. */
export const NOT_PLAIN = null;

/** What a look at a queue gave. */
export type Taken = [jobs: TakenJob[], isEmpty: "1" | "", nextDue: string];

/** Under what the jobs of one look are locked: the first under the token that it is made with. */
export function tokenOf(token: string, position: number): string {
  return position === 0 ? token : `${token}.${position}`;
}
