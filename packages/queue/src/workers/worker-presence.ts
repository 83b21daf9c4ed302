import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { ownJson } from "../redis/own-writing.ts";
import { luaScript } from "../redis/lua-script.ts";

/** A worker that has not been heard of for this long is not counted. */
const ALIVE_MS = 4000;

export interface WorkerReport {
  id: string;
  host: string;
  pid: number;
  version: string;
  startedAt: number;
  /** Attempts under way. */
  running: number;
}

/** Times are Redis's own, so that the clocks of machines need not agree. */
const report = luaScript<null>(
  "reportWorker",
  1,
  `
local t = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], (t[1] * 1000 + math.floor(t[2] / 1000)) .. ' ' .. ARGV[2])
`,
);

const aliveWorkers = luaScript<string[]>(
  "aliveWorkers",
  1,
  `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local found = redis.call('HGETALL', KEYS[1])
local alive = {}
for i = 1, #found, 2 do
  local seen, text = string.match(found[i + 1], '^(%d+) (.*)$')
  if now - tonumber(seen) <= tonumber(ARGV[1]) then alive[#alive + 1] = text
  elseif now - tonumber(seen) > 60000 then redis.call('HDEL', KEYS[1], found[i]) end
end
return alive
`,
);

/** Which worker processes live, as they report themselves. */
export class WorkerPresence {
  readonly #redis: Redis;
  readonly #keys: Keys;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** To be called every second. */
  async report(worker: WorkerReport): Promise<void> {
    await report(this.#redis, [this.#keys.workers], [worker.id, JSON.stringify(worker)]);
  }

  /** A worker that stops says so. */
  async leave(workerId: string): Promise<void> {
    await this.#redis.hdel(this.#keys.workers, workerId);
  }

  async alive(): Promise<WorkerReport[]> {
    const found = await aliveWorkers(this.#redis, [this.#keys.workers], [ALIVE_MS]);
    return found.map((text) => ownJson<WorkerReport>(text));
  }
}
