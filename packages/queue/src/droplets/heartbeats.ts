import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { luaScript } from "../redis/lua-script.ts";
import { ownJson } from "../redis/own-writing.ts";

/** Anyone may send heartbeats: those who have been silent longest are forgotten beyond this many. */
const SENDERS_MAX = 5000;

/** What a droplet said of itself. */
export interface SignOfLife {
  status: string | null;
  metrics: Record<string, unknown> | null;
}

export interface LastSign extends SignOfLife {
  /** Epoch milliseconds. */
  seenAt: number;
}

/** KEYS signs, seen · ARGV sender, sign, senders at most. Times are Redis's own. */
const noteSign = luaScript<null>(
  "noteSignOfLife",
  2,
  `
local t = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], t[1] * 1000 + math.floor(t[2] / 1000), ARGV[1])
local surplus = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[3])
if surplus > 0 then
  for _, sender in ipairs(redis.call('ZRANGE', KEYS[2], 0, surplus - 1)) do
    redis.call('HDEL', KEYS[1], sender)
    redis.call('ZREM', KEYS[2], sender)
  end
end
`,
);

/** When each droplet last gave a sign of life, over all processes. */
export class Heartbeats {
  readonly #redis: Redis;
  readonly #keys: Keys;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** @param sender the droplet's name where it is known, else whatever it calls itself; case is ignored */
  async note(sender: string, sign: SignOfLife): Promise<void> {
    const { heartbeats } = this.#keys;
    const args = [sender.toLowerCase(), JSON.stringify(sign), SENDERS_MAX];
    await noteSign(this.#redis, [heartbeats, `${heartbeats}:seen`], args);
  }

  /** The newest sign under any of these names; null when there never was one. */
  async last(names: readonly string[]): Promise<LastSign | null> {
    const signs = await Promise.all(names.map(async (name) => await this.#read(name)));
    return signs
      .filter((sign) => sign !== null)
      .reduce<LastSign | null>((a, b) => (a === null || b.seenAt > a.seenAt ? b : a), null);
  }

  async #read(name: string): Promise<LastSign | null> {
    const sender = name.toLowerCase();
    const { heartbeats } = this.#keys;
    const [sign, seenAt] = await Promise.all([
      this.#redis.hget(heartbeats, sender),
      this.#redis.zscore(`${heartbeats}:seen`, sender),
    ]);
    if (sign === null || seenAt === null) return null;
    return { ...ownJson<SignOfLife>(sign), seenAt: Number(seenAt) };
  }
}
