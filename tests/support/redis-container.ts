import { RedisContainer } from "@testcontainers/redis";
import { getContainerRuntimeClient } from "testcontainers";
import { findFreePort } from "./free-port.ts";
import { answersPing } from "./redis-commands.ts";
import { redisSettings, type RedisServer, type RedisServerOptions } from "./redis-server.ts";
import { waitFor, within } from "./wait-for.ts";

const IMAGE = "redis:7-bookworm";

/** A pull over a slow line takes its time; one that cannot succeed must not hold the tests for ever. */
const START_MS_MAX = 60_000;
const ENGINE_MS_MAX = 10_000;

/** Whether there is a Docker engine, and nobody asked to do without it. */
export async function isDockerThere(env: NodeJS.ProcessEnv): Promise<boolean> {
  if (["1", "true"].includes(env["NO_DOCKER"] ?? "")) return false;
  try {
    await within(ENGINE_MS_MAX, "a Docker engine", getContainerRuntimeClient());
    return true;
  } catch {
    // None of the ways testcontainers knows leads to an engine.
    return false;
  }
}

/** @throws {Error} when the image is missing and cannot be pulled in time */
export async function startRedisContainer(options: RedisServerOptions = {}): Promise<RedisServer> {
  // Its helper removes containers of runs that were killed; the image of it cannot be had everywhere.
  process.env["TESTCONTAINERS_RYUK_DISABLED"] ??= "true";
  const port = await findFreePort();
  const container = await within(
    START_MS_MAX,
    `a container of ${IMAGE}`,
    new RedisContainer(IMAGE)
      .withExposedPorts({ container: 6379, host: port })
      .withCommand(["redis-server", ...redisSettings(options)])
      .start(),
  );
  const client = await getContainerRuntimeClient();
  const docker = client.container.getById(container.getId());
  const url = `redis://${container.getHost()}:${port}`;
  return {
    url,
    description: `${url}, a container of ${IMAGE}`,
    async start() {
      await docker.start();
      await waitFor(`the container to answer on port ${port}`, async () => await answersPing(url));
    },
    stop: async () => void (await docker.kill()),
    freeze: async () => void (await docker.pause()),
    thaw: async () => void (await docker.unpause()),
    async [Symbol.asyncDispose]() {
      // Also paused or stopped: removing by force minds neither.
      await docker.remove({ force: true, v: true });
    },
  };
}
