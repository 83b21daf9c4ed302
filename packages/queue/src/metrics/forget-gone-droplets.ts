import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { addUpTally, forgetDroplet } from "./metrics-scripts.ts";
import { dropletOfField } from "./metrics-store.ts";

/**
 * Drops the numbers of droplets that are not listed any more and have no task left in the history, so that a
 * mesh whose droplets come and go does not fill Redis. The totals over all droplets keep what they counted.
 * @param isListed by lower-cased name
 * @returns how many were forgotten
 */
export async function forgetGoneDroplets(
  redis: Redis,
  keys: Keys,
  isListed: (name: string) => boolean,
): Promise<number> {
  await addUpTally(redis, [keys.all], []);
  const [fields, called] = await Promise.all([
    redis.hkeys(`${keys.all}per-droplet`),
    redis.hkeys(`${keys.all}answered`),
  ]);
  const names = new Set([...fields.map((field) => dropletOfField(field)), ...called]);
  const gone = [...names].filter((name) => !isListed(name));
  const forgotten = await Promise.all(
    gone.map(async (name) => await forgetDroplet(redis, [keys.all], [name])),
  );
  return forgotten.filter(Boolean).length;
}
