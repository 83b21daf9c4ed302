import { BY_KEY } from "./by-key.ts";

const LONG_NAME = "-".repeat(65);

/**
 * Redis keeps a small hash (up to 512 fields) or sorted set (up to 128 members) as a list, a "listpack", and reads it from its
 * beginning whenever one of them is asked for. With hundreds of droplets that is most of our lists by droplet: a third of
 * what a task cost Redis. One that has held a name of more than 64 bytes (`hash-max-listpack-value`, `zset-max-listpack-value`)
 * is a real table for as long as it lives, or until Redis loads it anew. So such a name comes and goes now and then.
 *
 * put_member(sets, long, name, score, member, id): as `put`, for one member of a sorted set; with one task in sixteen, by its
 *   id, the long name as well, and `long` tells of which sets
 * forget_long_member(set): for each of those, once it was written
 * make_table(hash): of a hash that has something in it
 */
export const NO_LISTPACKS = `${BY_KEY}
local function put_member(sets, long, name, score, member, id)
  put(sets, name, score, member)
  if id:find('^0') then
    put(sets, name, score, '${LONG_NAME}')
    long[name] = true
  end
end
local function forget_long_member(set) redis.call('ZREM', set, '${LONG_NAME}') end
local function make_table(hash)
  redis.call('HSET', hash, '${LONG_NAME}', '')
  redis.call('HDEL', hash, '${LONG_NAME}')
end
`;
