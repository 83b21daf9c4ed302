import { startRedisContainer } from "./redis-container.ts";
import { findRedisBinary, startRedisProcess } from "./redis-process.ts";
import type { RedisServer, RedisServerOptions } from "./redis-server.ts";

/**
 * A Redis for one test that stops, freezes or empties it; all others share the one of `inject("redisUrl")`.
 *
 *     await using redis = await startPrivateRedis();
 *     await using orchestrator = await startOrchestrator({ redisUrl: redis.url, … });
 *     await redis.freeze();
 */
export async function startPrivateRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const binary = findRedisBinary(process.env);
  return binary === null
    ? await startRedisContainer(options)
    : await startRedisProcess(binary, options);
}
