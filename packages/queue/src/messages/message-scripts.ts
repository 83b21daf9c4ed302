import { luaScript } from "../redis/lua-script.ts";

/**
 * Received messages, all under one base:
 *
 * `<base>` + texts      hash: id → the message (JSON)
 *          indexed      hash: id → [source, message type], to find its index entries again
 *          all          sorted set of ids; score = received at (µs), so that no two share one
 *          source:*     the same, per sender
 *          type:*       the same, per message type
 *
 * Every key lives as long as a message after its last write: what is left in it then is too old anyway.
 */
const NOW = `
local base = KEYS[1]
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
`;

/**
 * KEYS <base> · ARGV id, message, source, message type, how many are kept, life ms
 * → 1 kept, 0 when one with this id is there already. Forgets what is too old or too many.
 */
export const keepMessage = luaScript<number>(
  "keepMessage",
  1,
  `${NOW}
local id, life = ARGV[1], tonumber(ARGV[6])
local texts, indexed, all = base .. 'texts', base .. 'indexed', base .. 'all'
local function indexes(source, type)
  return {all, base .. 'source:' .. source, base .. 'type:' .. type}
end
if redis.call('HSETNX', texts, id, ARGV[2]) == 0 then return 0 end
redis.call('HSET', indexed, id, cjson.encode({ARGV[3], ARGV[4]}))
for _, index in ipairs(indexes(ARGV[3], ARGV[4])) do
  redis.call('ZADD', index, now, id)
  redis.call('PEXPIRE', index, life)
end
redis.call('PEXPIRE', texts, life)
redis.call('PEXPIRE', indexed, life)
local function forget(ids)
  for _, gone in ipairs(ids) do
    local entry = redis.call('HGET', indexed, gone)
    if entry then
      local found = cjson.decode(entry)
      for _, index in ipairs(indexes(found[1], found[2])) do redis.call('ZREM', index, gone) end
    end
    redis.call('HDEL', indexed, gone)
    redis.call('HDEL', texts, gone)
  end
end
local surplus = redis.call('ZCARD', all) - tonumber(ARGV[5])
if surplus > 0 then forget(redis.call('ZRANGE', all, 0, surplus - 1)) end
forget(redis.call('ZRANGEBYSCORE', all, '-inf', now - life * 1000, 'LIMIT', 0, 100))
return 1
`,
);

/** KEYS <base>, scratch · ARGV source ('' = any), message type ('' = any), limit, life ms → [total, message…] */
export const pageOfMessages = luaScript<[total: number, ...texts: string[]]>(
  "pageOfMessages",
  2,
  `${NOW}
local index, since = base .. 'all', now - tonumber(ARGV[4]) * 1000
local by_source, by_type = base .. 'source:' .. ARGV[1], base .. 'type:' .. ARGV[2]
if ARGV[1] ~= '' and ARGV[2] ~= '' then
  index = KEYS[2]
  redis.call('ZINTERSTORE', index, 2, by_source, by_type, 'WEIGHTS', 1, 0)
elseif ARGV[1] ~= '' then index = by_source
elseif ARGV[2] ~= '' then index = by_type end
local page = {redis.call('ZCOUNT', index, since, '+inf')}
local ids = redis.call('ZREVRANGEBYSCORE', index, '+inf', since, 'LIMIT', 0, ARGV[3])
for _, id in ipairs(ids) do page[#page + 1] = redis.call('HGET', base .. 'texts', id) end
if index == KEYS[2] then redis.call('DEL', index) end
return page
`,
);
