import { createRedisBackend, type BackendFactory, type RedisQueueBackend } from "bullmq";
import { luaScript } from "../redis/lua-script.ts";
import type { Redis } from "../redis/redis.ts";

/**
 * Takes away the marker that wakes idle consumers, once nothing is left to be taken. BullMQ sets it with every job it
 * gives out, so that others look for more.
 * KEYS waiting, prioritized, delayed, marker → [1 = nothing is left, when the next delayed job is due (ms, '' = none)]
 */
const settleMarker = luaScript<[0 | 1, string]>(
  "settleMarker",
  4,
  `
if redis.call('LLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2]) > 0 then return {0, ''} end
redis.call('ZREM', KEYS[4], '0')
local delayed = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
-- BullMQ keeps the order of jobs that are due together in the lowest 12 bits.
return {1, delayed[2] and tostring(math.floor(tonumber(delayed[2]) / 0x1000)) or ''}
`,
);

/** What BullMQ answers when there is no job: when to look again (ms, 0 = when woken). */
type NoJob = [job: null, id: 0, rateLimitMs: 0, nextDelayedAt: number];

/**
 * BullMQ's own, but for a consumer that was woken for the only job there is. That one looks in vain twice more: once
 * because it may take more jobs, once because of the marker that the job it took has set. Here it learns with the job
 * that nothing is left, and goes back to waiting; whoever adds a job after that sets the marker again.
 */
export const sparingBackend =
  (redis: Redis): BackendFactory<RedisQueueBackend> =>
  (name, opts, needs) => {
    const backend = createRedisBackend(name, opts, needs);
    const { wait, prioritized, delayed, marker } = backend.keys;
    const keys = [wait, prioritized, delayed, marker].map(String);
    const waitForJob = backend.waitForJob.bind(backend);
    const moveToActive = backend.moveToActive.bind(backend);
    let wasWoken = false;
    let settling: Promise<NoJob | null> | null = null;

    backend.waitForJob = async (timeoutS) => {
      // Whoever is woken has used up the marker: what was known before is no answer any more.
      settling = null;
      const woken = await waitForJob(timeoutS);
      settling = null;
      wasWoken = woken !== null;
      return woken;
    };

    backend.moveToActive = async (token, workerName) => {
      const nothingLeft = await settling;
      settling = null;
      if (nothingLeft !== null) return nothingLeft;
      const taking = moveToActive(token, workerName);
      if (wasWoken) settling = settle();
      wasWoken = false;
      const answer = await taking;
      // No job may mean that none may be taken now: then BullMQ tells when to look again.
      if (!answer[0]) settling = null;
      return answer;
    };

    /** Sent right behind the taking, which waits for the client, too. In any other order it would do no harm, and no good. */
    async function settle(): Promise<NoJob | null> {
      try {
        await backend.client;
        const [isEmpty, nextDelayedAt] = await settleMarker(redis, keys, []);
        return isEmpty === 1 ? [null, 0, 0, Number(nextDelayedAt)] : null;
      } catch {
        // Looking in vain is all that comes of not knowing.
        return null;
      }
    }
    return backend;
  };
