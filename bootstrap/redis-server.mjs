import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isDockerCommandThere } from "./docker-engine.mjs";
import { findFreePort } from "./ports.mjs";
import { say, step } from "./progress.mjs";
import { howToGetRedis, obtainRedisBinary } from "./redis-binary.mjs";
import { whyRedisIsUnusable, withoutCredentials } from "./redis-ping.mjs";
import { runCommand } from "./run-command.mjs";
import { SetupFailure } from "./setup-failure.mjs";
import { waitUntil } from "./wait-until.mjs";

const IMAGE = "redis:7-bookworm";
// A big append-only file takes a while to load, and an image to pull.
const START_MS_MAX = 120_000;

// Nothing acknowledged is evicted, and a power cut costs a second at most. The rest is as Redis ships it.
const DURABILITY = "--appendonly yes --appendfsync everysec --maxmemory-policy noeviction".split(
  " ",
);

/**
 * Provides the Redis of this run: the one at REDIS_URL, else a private one whose data stays under `.data/redis`.
 * Resolves to its URL once it answers.
 */
export async function provideRedis({ settings, children, env, signal }) {
  if (settings.redisUrl !== null) {
    await refuseUnusableRedis(settings.redisUrl, { signal });
    say(`- Redis: ${withoutCredentials(settings.redisUrl)} (REDIS_URL)`);
    return {
      url: settings.redisUrl,
      description: `${withoutCredentials(settings.redisUrl)} (REDIS_URL)`,
    };
  }

  const dataFolder = join(settings.dataFolder, "redis");
  mkdirSync(dataFolder, { recursive: true });
  const port = settings.redisPort ?? (await findFreePort());
  const program = await choosePrivateRedis({ settings, dataFolder, port, env, signal });
  const url = `redis://127.0.0.1:${port}`;
  await step(`Starting a private Redis on port ${port} (${program.command})`, async () => {
    await children.start({ name: "redis", cwd: dataFolder, env, ...program });
    await waitUntil(() => whyRedisIsUnusable(url), {
      what: `The private Redis on port ${port}`,
      timeoutMs: START_MS_MAX,
      everyMs: 50,
      signal,
    });
  });
  return { url, description: `${url}, private, data in ${dataFolder}` };
}

async function refuseUnusableRedis(url, { signal }) {
  let reason = await whyRedisIsUnusable(url);
  if (reason?.startsWith("LOADING")) {
    await step(`Waiting for ${withoutCredentials(url)} to load its data`, () =>
      waitUntil(async () => (reason = await whyRedisIsUnusable(url)), {
        what: "The Redis at REDIS_URL",
        timeoutMs: START_MS_MAX,
        everyMs: 500,
        signal,
      }),
    );
  }
  if (reason !== null) {
    throw new SetupFailure(
      `REDIS_URL is set to ${withoutCredentials(url)}, but no Redis can be used there: ${reason.replace(/\.$/, "")}.\n` +
        `Start that Redis, correct REDIS_URL, or unset it to get a private Redis.`,
    );
  }
}

async function choosePrivateRedis({ settings, dataFolder, port, env, signal }) {
  const binary = await obtainRedisBinary({ env, signal });
  if (binary !== null) {
    const address = ["--bind", "127.0.0.1", "--port", String(port)];
    const files = ["--dir", dataFolder, "--logfile", join(settings.logFolder, "redis.log")];
    return { command: binary, args: [...address, ...files, "--daemonize", "no", ...DURABILITY] };
  }
  if (await isDockerCommandThere({ env, signal })) {
    return await redisInDocker({ root: settings.root, dataFolder, port, env, signal });
  }
  throw new SetupFailure(
    `There is no redis-server here, none could be installed, and no Docker engine answers.\n${howToGetRedis(env)}`,
  );
}

async function redisInDocker({ root, dataFolder, port, env, signal }) {
  // Named after this folder: a container that outlived its `docker run` is found again, and saves its data.
  const name = `orchestrator-redis-${createHash("sha256").update(root).digest("hex").slice(0, 12)}`;
  await runCommand("docker", ["stop", name], { env, timeoutMs: 30_000 });
  await waitUntil(
    async () => {
      // Docker removes it only after `stop` has returned, and lends its name to no other before.
      const { code } = await runCommand("docker", ["container", "inspect", name], { env });
      return code === 0 ? "it is still there" : null;
    },
    { what: `The end of the earlier container ${name}`, timeoutMs: 20_000, signal },
  );

  const owner = process.getuid ? ["--user", `${process.getuid()}:${process.getgid()}`] : [];
  const wiring = ["-p", `127.0.0.1:${port}:6379`, "-v", `${dataFolder}:/data`];
  // Inside the container it must listen on all addresses; to the outside only loopback is published.
  const server = ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--dir", "/data"];
  return {
    command: "docker",
    args: ["run", "--rm", "--name", name, ...owner, ...wiring, IMAGE, ...server, ...DURABILITY],
  };
}
