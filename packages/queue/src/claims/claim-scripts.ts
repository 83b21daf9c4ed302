import { luaScript } from "../redis/lua-script.ts";

/**
 * A claim says which task an Idempotency-Key stands for. Fields of its hash:
 *   t  task id      f  fingerprint of the request      a  "1" once the task has a record      e  its end (JSON)
 *   c  trace context of the task (JSON), so that it is the same whoever adds it
 */

/** KEYS claim · ARGV task id, fingerprint, life ms, trace context → [verdict, task id, accepted, end, trace context] */
export const claimKey = luaScript<
  [
    verdict: "claimed" | "known" | "mismatch",
    taskId: string,
    accepted: string,
    end: string,
    trace: string,
  ]
>(
  "claimKey",
  1,
  `
local task, print, accepted, ending, trace = unpack(redis.call('HMGET', KEYS[1], 't', 'f', 'a', 'e', 'c'))
if not task then
  redis.call('HSET', KEYS[1], 't', ARGV[1], 'f', ARGV[2], 'c', ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return {'claimed', ARGV[1], '', '', ''}
end
local verdict = print == ARGV[2] and 'known' or 'mismatch'
return {verdict, task, accepted or '', ending or '', trace or ''}
`,
);

/** KEYS claim · ARGV task id, '1' = although accepted → 1 when it was this task's, and is gone now. */
export const releaseClaim = luaScript<number>(
  "releaseClaim",
  1,
  `
local task, accepted = unpack(redis.call('HMGET', KEYS[1], 't', 'a'))
if task ~= ARGV[1] or (accepted and ARGV[2] ~= '1') then return 0 end
return redis.call('DEL', KEYS[1])
`,
);

/** KEYS claim · ARGV task id, field, value, life ms ('' = as it is) → 1 when it is this task's claim. */
export const markClaim = luaScript<number>(
  "markClaim",
  1,
  `
if redis.call('HGET', KEYS[1], 't') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
if ARGV[4] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1
`,
);
