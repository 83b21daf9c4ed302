import { luaScript } from "../redis/lua-script.ts";

/**
 * The moves that nearly every job makes (added, taken, completed), each for many jobs at once. BullMQ's own scripts move
 * one job with some 25 commands, which is most of what a task costs Redis; what many share is asked and written once here,
 * and what our jobs never have (parents, deduplication, logs, metrics, readers of BullMQ's events) is not asked for.
 *
 * What they leave behind is what BullMQ's scripts of the same version leave behind, so that any of its scripts goes on from
 * there: `tests/integration/job-moves.test.ts` holds the two side by side. A queue that is out of the ordinary (paused,
 * limited, with stalled or due delayed jobs) is left to BullMQ's scripts altogether.
 *
 * `queue` is what all keys of a queue begin with. Not for a Redis Cluster when the jobs are of several queues.
 */

/** Ended jobs stay only for Bull Board; the record is what counts. */
export const KEPT_COMPLETED = 100;

/** At most so many old ones go at once: Lua hands on no more values than some thousands. */
const FORGOTTEN_TOGETHER = 1000;

/** BullMQ's name of every job of ours. */
export const JOB_NAME = "task";

/** BullMQ's own codes for a job that cannot be completed. */
const [MISSING_JOB, MISSING_LOCK, NOT_ACTIVE, FOREIGN_LOCK] = [-1, -2, -3, -6];

/**
 * add_jobs(queue, jobs, added): as addPrioritizedJob; a job is id, data, options (JSON), created at, priority. The ids of those
 * that were not there before become keys of `added`.
 */
export const ADD_JOBS = `
local function add_jobs(queue, jobs, added)
  local keys, scores = {}, {}
  for i, job in ipairs(jobs) do keys[i] = queue .. job[1] end
  local all_new = redis.call('EXISTS', unpack(keys)) == 0
  for i, job in ipairs(jobs) do
    local id, data, options, created, priority = unpack(job)
    if not added[id] and (all_new or redis.call('EXISTS', keys[i]) == 0) then
      added[id] = true
      redis.call('HSET', keys[i], 'name', '${JOB_NAME}', 'data', data, 'opts', options, 'timestamp', created, 'delay', 0,
        'priority', priority)
      local n = #scores
      scores[n + 1], scores[n + 2] = tonumber(priority), id
    end
  end
  local count = #scores / 2
  if count == 0 then return end
  redis.call('INCRBY', queue .. 'id', count)
  local counter = redis.call('INCRBY', queue .. 'pc', count) - count
  for i = 1, count do scores[2 * i - 1] = scores[2 * i - 1] * 0x100000000 + (counter + i) % 0x100000000 end
  redis.call('ZADD', queue .. 'prioritized', unpack(scores))
  local paused, concurrency = unpack(redis.call('HMGET', queue .. 'meta', 'paused', 'concurrency'))
  if not paused and (not concurrency or redis.call('LLEN', queue .. 'active') < tonumber(concurrency)) then
    redis.call('ZADD', queue .. 'marker', 0, '0')
  end
end
`;

/**
 * next_due(queue, now): when the next delayed job is due (ms, '' = none), or nil for a queue that only BullMQ's own scripts
 * know how to take from.
 * take_jobs(queue, tokens, lock_ms, now): as many moveToActive; gives each job as `TakenJob`, and whether it was the last.
 */
export const TAKE_JOBS = `
local function next_due(queue, now)
  local paused, concurrency, max = unpack(redis.call('HMGET', queue .. 'meta', 'paused', 'concurrency', 'max'))
  if paused or concurrency or max or redis.call('LLEN', queue .. 'wait') > 0 then return nil end
  local delayed = redis.call('ZRANGE', queue .. 'delayed', 0, 0, 'WITHSCORES')
  if not delayed[2] then return '' end
  -- BullMQ keeps the order of jobs that are due together in the lowest 12 bits.
  local due = math.floor(tonumber(delayed[2]) / 0x1000)
  if due <= now then return nil end
  return tostring(due)
end
local function take_jobs(queue, tokens, lock_ms, now)
  local popped, ids, taken = redis.call('ZPOPMIN', queue .. 'prioritized', #tokens), {}, {}
  for i = 1, #popped, 2 do ids[#ids + 1] = popped[i] end
  if #ids > 0 then redis.call('LPUSH', queue .. 'active', unpack(ids)) end
  for i, id in ipairs(ids) do
    local job = queue .. id
    redis.call('SET', job .. ':lock', tokens[i], 'PX', lock_ms)
    local data, options, created, started = unpack(redis.call('HMGET', job, 'data', 'opts', 'timestamp', 'ats'))
    if started then
      redis.call('HSET', job, 'processedOn', now, 'ats', started + 1)
      taken[i] = {id, redis.call('HGETALL', job)}
    else
      redis.call('HSET', job, 'processedOn', now, 'ats', 1)
      taken[i] = {id, data, options, created}
    end
  end
  if #ids < #tokens then redis.call('DEL', queue .. 'pc') end
  -- The marker wakes idle consumers: BullMQ sets it with every job it gives out, also with the last one.
  local is_empty = #ids < #tokens or redis.call('EXISTS', queue .. 'prioritized') == 0
  if is_empty then
    redis.call('ZREM', queue .. 'marker', '0')
  else
    redis.call('ZADD', queue .. 'marker', 0, '0')
  end
  return taken, is_empty
end
`;

/** finish_jobs(queue, jobs, now): as moveToFinished of a job that nobody held before; a job is id, token → 0 or BullMQ's code. */
export const FINISH_JOBS = `
local function finish_jobs(queue, jobs, now)
  local keys, locks, codes = {}, {}, {}
  for i, job in ipairs(jobs) do
    keys[i] = queue .. job[1]
    locks[i] = keys[i] .. ':lock'
  end
  local held = redis.call('MGET', unpack(locks))
  local all_there = redis.call('EXISTS', unpack(keys)) == #keys
  local unlocked, ids, completed = {}, {}, {}
  for i, job in ipairs(jobs) do
    local id, token = unpack(job)
    if not all_there and redis.call('EXISTS', keys[i]) == 0 then
      codes[i] = ${MISSING_JOB}
    elseif held[i] ~= token then
      codes[i] = held[i] and ${FOREIGN_LOCK} or ${MISSING_LOCK}
    elseif redis.call('LREM', queue .. 'active', -1, id) == 0 then
      codes[i] = ${NOT_ACTIVE}
    else
      codes[i] = 0
      redis.call('HSET', keys[i], 'returnvalue', 'null', 'finishedOn', now, 'atm', 1)
      local n = #ids + 1
      unlocked[n], ids[n] = locks[i], id
      completed[2 * n - 1], completed[2 * n] = now, id
    end
  end
  if #ids == 0 then return codes end
  redis.call('DEL', unpack(unlocked))
  redis.call('SREM', queue .. 'stalled', unpack(ids))
  redis.call('ZADD', queue .. 'completed', unpack(completed))
  local surplus = math.min(redis.call('ZCARD', queue .. 'completed') - ${KEPT_COMPLETED}, ${FORGOTTEN_TOGETHER})
  if surplus > 0 then
    local oldest, gone = redis.call('ZRANGE', queue .. 'completed', 0, surplus - 1), {}
    for i, id in ipairs(oldest) do gone[i] = queue .. id end
    redis.call('DEL', unpack(gone))
    redis.call('ZREMRANGEBYRANK', queue .. 'completed', 0, surplus - 1)
  end
  return codes
end
`;

/** A job that was taken: what differs from one to the other while nobody has held it before, else all names and values. */
export type TakenJob =
  | [id: string, data: string, options: string, created: string]
  | [id: string, fields: string[]];

/** Nothing was taken, because the queue is BullMQ's to take from. */
export const NOT_PLAIN = 0;

/** KEYS queue · ARGV token, lock ms, now → NOT_PLAIN, or [the job if there is one, '1' = nothing is left, next due] */
export const takeJob = luaScript<
  typeof NOT_PLAIN | [job: TakenJob | "", isEmpty: "1" | "", nextDue: string]
>(
  "takeJob",
  1,
  `${TAKE_JOBS}
local now = tonumber(ARGV[3])
local due = next_due(KEYS[1], now)
if not due then return ${NOT_PLAIN} end
local taken, is_empty = take_jobs(KEYS[1], {ARGV[1]}, ARGV[2], ARGV[3])
return {taken[1] or '', is_empty and '1' or '', due}
`,
);
