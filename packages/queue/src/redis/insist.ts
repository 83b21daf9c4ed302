import { setTimeout as delay } from "node:timers/promises";
import { Cluster } from "ioredis";
import { isRedisRefusal } from "./redis-trouble.ts";
import type { Redis } from "./redis.ts";

/** How often a Redis that takes no writes is asked again. */
const ASK_AGAIN_MS = 200;

/** Whether commands on this connection wait until Redis is back (PATIENT), rather than fail. */
export function isPatient(redis: Redis): boolean {
  const options = redis instanceof Cluster ? redis.options.redisOptions : redis.options;
  return options?.maxRetriesPerRequest === null;
}

/**
 * Repeats what Redis refuses while it is full or read-only, until it takes it: for work that must not be lost. BullMQ
 * would count the refusal as a failed attempt, and a result that was not written down would be a call made twice.
 */
export async function insist<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isRedisRefusal(error)) throw error;
      await delay(ASK_AGAIN_MS);
    }
  }
}
