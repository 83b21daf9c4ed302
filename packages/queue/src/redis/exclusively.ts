import { randomUUID } from "node:crypto";
import type { Redis } from "./redis.ts";
import { luaScript } from "./lua-script.ts";

/** KEYS lock · ARGV token → 1 when the lock was ours, and is free now */
const releaseLock = luaScript<number>(
  "releaseLock",
  1,
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`,
);

/**
 * Does the work unless another process is at it. Whoever dies at it keeps others out for `lifeMs` at most; work that
 * takes longer may be done twice, so it has to bear that.
 * @returns false when another was at it
 */
export async function exclusively(
  redis: Redis,
  lock: string,
  lifeMs: number,
  work: () => Promise<unknown>,
): Promise<boolean> {
  const token = randomUUID();
  if ((await redis.set(lock, token, "PX", lifeMs, "NX")) === null) return false;
  try {
    await work();
  } finally {
    await releaseLock(redis, [lock], [token]);
  }
  return true;
}
