import type { TestProject } from "vitest/node";
import { answersPing } from "./redis-commands.ts";
import { isDockerThere, startRedisContainer } from "./redis-container.ts";
import { findRedisBinary, startRedisProcess } from "./redis-process.ts";
import type { RedisServer } from "./redis-server.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The Redis that all integration tests share; each test keeps to a prefix of its own. */
    redisUrl: string;
  }
}

/** Provides the Redis of the integration tests, says which on one line, and takes it down at the end. */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const given = process.env["TEST_REDIS_URL"];
  if (given) {
    await answersPing(given);
    provide("redisUrl", given);
    say(`${given.replace(/\/\/[^/]*@/, "//***@")} (TEST_REDIS_URL)`);
    return async () => {};
  }
  const redis = await startRedis();
  provide("redisUrl", redis.url);
  say(redis.description);
  return async () => await redis[Symbol.asyncDispose]();
}

/** In a container where there is an engine for it, else as a process. */
async function startRedis(): Promise<RedisServer> {
  const binary = findRedisBinary(process.env);
  if (await isDockerThere(process.env)) {
    try {
      return await startRedisContainer();
    } catch (error) {
      if (binary === null) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      say(`not from Docker, although an engine answers: ${reason}`);
    }
  }
  if (binary === null) {
    throw new Error(
      "No Redis for the integration tests: no Docker engine answers and no redis-server is on the PATH. " +
        "Install redis-server, or set TEST_REDIS_URL.",
    );
  }
  return await startRedisProcess(binary);
}

function say(what: string): void {
  process.stdout.write(`Redis of the integration tests: ${what}\n`);
}
