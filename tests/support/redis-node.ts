import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort } from "./free-port.ts";
import { findRedisBinary } from "./redis-process.ts";
import { waitFor } from "./wait-for.ts";

/** A Cluster's nodes talk to each other on their port plus this, which must be a port too. */
const BUS_OFFSET = 10_000;

/** The server of the tests that need several of them; null where Redis can only be had as a container. */
export const REDIS_BINARY = findRedisBinary(process.env);

/** As production has it but for the disk, which these tests can do without. */
export const SERVER_SETTINGS = [
  'save ""',
  "appendonly no",
  "maxmemory-policy noeviction",
  "repl-diskless-sync-delay 0",
];

/** One process among several that make up a Redis: a server with settings of its own, or a Sentinel. */
export interface RedisNode extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** kill -9. */
  stop(): Promise<void>;
  start(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

const running = new Set<ChildProcess>();

// Whatever ends the tests, a crash of their process included, no server outlives them.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** @param settings lines of its configuration file, port and folder aside; in them PORT stands for its port */
export async function startRedisNode(
  settings: readonly string[],
  ...options: readonly string[]
): Promise<RedisNode> {
  if (REDIS_BINARY === null) throw new Error("there is no redis-server on the PATH");
  const binary = REDIS_BINARY;
  const folder = await mkdtemp(join(tmpdir(), "orchestrator-redis-"));
  const port = await findFreePortWithBus();
  const file = join(folder, "redis.conf");
  const lines = [`port ${port}`, "bind 127.0.0.1", `dir ${folder}`, ...settings];
  await writeFile(file, `${lines.join("\n").replaceAll("PORT", String(port))}\n`);
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    child = spawn(binary, [file, ...options], { stdio: "ignore" });
    running.add(child);
    await waitFor(`${binary} to listen on port ${port}`, async () => await isListening(port));
  }

  async function stop(): Promise<void> {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    running.delete(child);
  }

  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start,
    stop,
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function findFreePortWithBus(): Promise<number> {
  for (;;) {
    const port = await findFreePort();
    const bus = port + BUS_OFFSET;
    if (bus < 65_536 && !(await isListening(bus))) return port;
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    // Refused: nobody there, or not yet.
    return false;
  } finally {
    socket.destroy();
  }
}
