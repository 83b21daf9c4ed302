import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { luaScript } from "../redis/lua-script.ts";

/** `<all>` + bodies (sorted set: task id by time kept, ms), bodySizes (hash), bodyBytes (their sum). */
const FORGET = `
local all = KEYS[1]
local function forget(ids)
  for i, bytes in ipairs(redis.call('HMGET', all .. 'bodySizes', unpack(ids))) do
    if bytes then
      redis.call('HDEL', all .. 'bodySizes', ids[i])
      redis.call('ZREM', all .. 'bodies', ids[i])
      redis.call('DECRBY', all .. 'bodyBytes', bytes)
    end
  end
end
`;

/** KEYS <all> · ARGV id, bytes, now, keep ms, bytes max → ids whose body has to go */
const keepBody = luaScript<string[]>(
  "keepBody",
  1,
  `${FORGET}
forget({ARGV[1]})
if tonumber(ARGV[2]) > 0 then
  redis.call('ZADD', all .. 'bodies', ARGV[3], ARGV[1])
  redis.call('HSET', all .. 'bodySizes', ARGV[1], ARGV[2])
  redis.call('INCRBY', all .. 'bodyBytes', ARGV[2])
end
local old = redis.call('ZRANGEBYSCORE', all .. 'bodies', '-inf', ARGV[3] - ARGV[4], 'LIMIT', 0, 1000)
if #old > 0 then forget(old) end
local gone = {}
while tonumber(redis.call('GET', all .. 'bodyBytes') or 0) > tonumber(ARGV[5]) do
  local oldest = redis.call('ZRANGE', all .. 'bodies', 0, 0)[1]
  if not oldest then break end
  forget({oldest})
  gone[#gone + 1] = oldest
end
return gone
`,
);

/** KEYS <all> · ARGV ids */
const forgetBodies = luaScript<null>(
  "forgetBodies",
  1,
  `${FORGET}
forget(ARGV)
`,
);

export interface BodyLimits {
  /** How long a whole body is kept after it came. */
  keepMs: number;
  /** What all whole bodies together may take; the oldest go first. */
  bytesMax: number;
}

/** Bounds what bodies too large for their records cost Redis. */
export class BodyBudget {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #limits: BodyLimits;

  constructor(redis: Redis, keys: Keys, limits: BodyLimits) {
    this.#redis = redis;
    this.#keys = keys;
    this.#limits = limits;
  }

  get keepMs(): number {
    return this.#limits.keepMs;
  }

  /** Counts a body that was just stored (0 bytes: that has gone), and drops the oldest ones that no longer fit. */
  async count(taskId: string, bytes: number, nowMs: number): Promise<void> {
    const { keepMs, bytesMax } = this.#limits;
    const gone = await keepBody(
      this.#redis,
      [this.#keys.all],
      [taskId, bytes, nowMs, keepMs, bytesMax],
    );
    await Promise.all(gone.map(async (id) => await this.#redis.unlink(this.#keys.body(id))));
  }

  /** The bodies of these tasks are gone: what they took is free again. */
  async forget(taskIds: readonly string[]): Promise<void> {
    if (taskIds.length > 0) await forgetBodies(this.#redis, [this.#keys.all], taskIds);
  }
}
