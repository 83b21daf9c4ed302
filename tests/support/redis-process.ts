import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findFreePort } from "./free-port.ts";
import { answersPing } from "./redis-commands.ts";
import { redisSettings, type RedisServer, type RedisServerOptions } from "./redis-server.ts";
import { waitFor } from "./wait-for.ts";

const SERVERS = ["redis-server", "valkey-server"];

/** The server `npm test` found or installed, else the first one on the PATH, else null. */
export function findRedisBinary(env: NodeJS.ProcessEnv): string | null {
  const handedOn = env["REDIS_SERVER_BINARY"];
  if (handedOn) return handedOn;
  const folders = (env["PATH"] ?? "").split(delimiter).filter(Boolean);
  const paths = SERVERS.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(isExecutable) ?? null;
}

/** Starts a private redis-server on a free loopback port, with its files in a temporary folder. */
export async function startRedisProcess(
  binary: string,
  options: RedisServerOptions = {},
): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "orchestrator-redis-"));
  const port = await findFreePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  const killOnExit = (): void => void child?.kill("SIGKILL");
  process.on("exit", killOnExit);

  async function start(): Promise<void> {
    const address = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder];
    child = spawn(binary, [...address, ...redisSettings(options)], { stdio: "ignore" });
    await waitFor(`${binary} to answer on port ${port}`, async () => await answersPing(url));
  }

  async function stop(): Promise<void> {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGCONT");
    child.kill("SIGKILL");
    await exited;
  }

  await start();
  return {
    url,
    description: `${url}, a private ${binary}`,
    start,
    stop,
    freeze: async () => void child?.kill("SIGSTOP"),
    thaw: async () => void child?.kill("SIGCONT"),
    async [Symbol.asyncDispose]() {
      await stop();
      process.off("exit", killOnExit);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us to run: the next folder of the PATH may have one.
    return false;
  }
}
