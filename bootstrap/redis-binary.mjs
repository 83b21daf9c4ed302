import { existsSync } from "node:fs";
import { findExecutable } from "./find-executable.mjs";
import { say, step } from "./progress.mjs";
import { runCommand } from "./run-command.mjs";
import { SetupFailure } from "./setup-failure.mjs";

const SERVERS = ["redis-server", "valkey-server"];
const OLDEST_USABLE = [6, 2];

/**
 * The path of a redis-server (or valkey-server) of at least version 6.2: from the PATH, else installed with the
 * system's package manager where that needs no password. Null when neither is possible.
 */
export async function obtainRedisBinary({ env, signal }) {
  const found = await findRedisBinary({ env, signal });
  if (found !== null) return found;
  for (const install of [installWithApt, installWithBrew]) {
    if (await install({ env, signal })) {
      const installed = await findRedisBinary({ env, signal });
      if (installed !== null) return installed;
    }
    signal?.throwIfAborted();
  }
  return null;
}

/** As `obtainRedisBinary`, for those who cannot do without: says what to run when there is none. */
export async function ensureRedisBinary({ env, signal }) {
  const binary = await obtainRedisBinary({ env, signal });
  if (binary === null)
    throw new SetupFailure(`There is no redis-server here. ${howToGetRedis(env)}`);
  return binary;
}

/** The first usable server that is there already, or null. */
export async function findRedisBinary({ env, signal }) {
  for (const name of SERVERS) {
    const path = findExecutable(name, env);
    if (path === null) continue;
    const { output } = await runCommand(path, ["--version"], { env, signal, timeoutMs: 10_000 });
    const [major, minor] = (/v=(\d+)\.(\d+)/.exec(output) ?? []).slice(1).map(Number);
    if (major > OLDEST_USABLE[0] || (major === OLDEST_USABLE[0] && minor >= OLDEST_USABLE[1])) {
      return path;
    }
    say(`- Redis: ${path} is older than ${OLDEST_USABLE.join(".")} and is not used`);
  }
  return null;
}

/** One sentence with the one command for this system. */
export function howToGetRedis(env) {
  const commands = [
    ["apt-get", "sudo apt-get install redis-server"],
    ["brew", "brew install redis"],
    ["dnf", "sudo dnf install redis"],
    ["apk", "sudo apk add redis"],
    ["pacman", "sudo pacman -S valkey"],
  ];
  const [, command] = commands.find(([manager]) => findExecutable(manager, env)) ?? [];
  if (command) return `Install it and try again: ${command}`;
  return "Install Redis 6.2 or newer, or set REDIS_URL to one that runs elsewhere.";
}

async function installWithApt({ env, signal }) {
  if (findExecutable("apt-get", env) === null) return false;
  // One that is too old, and may be serving others: to replace it, or stop its service, is not for us.
  if (findExecutable("redis-server", env) !== null) return false;
  const asRoot = await rootPrefix({ env, signal });
  if (asRoot === null) return false;

  return await step(
    "Installing redis-server with apt-get, because there is none here",
    async () => {
      // `env` because sudo drops variables. RUNLEVEL=1: the package shall not start a service of its own; ours is private.
      const [command, ...prefix] = [
        ...asRoot,
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "RUNLEVEL=1",
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=120",
      ];
      // A broken third-party source makes `update` fail although redis-server can be had: the install decides.
      await runCommand(command, [...prefix, "update"], { env, signal });
      const install = [...prefix, "install", "-y", "--no-install-recommends", "redis-server"];
      const { code, output } = await runCommand(command, install, { env, signal });
      signal?.throwIfAborted();
      if (code === 0) await stopSystemService({ asRoot, env });
      else say(`  apt-get could not install it:\n${lastLines(output, 8)}`);
      return code === 0;
    },
  );
}

/** How to run something as root without a password: nothing to add, sudo, or null when there is no way. */
async function rootPrefix({ env, signal }) {
  if (process.getuid?.() === 0) return [];
  const { code } = await runCommand("sudo", ["-n", "true"], { env, signal, timeoutMs: 10_000 });
  return code === 0 ? ["sudo", "-n"] : null;
}

/** systemd starts a fresh service whatever RUNLEVEL says. There was none before us, so none is left running. */
async function stopSystemService({ asRoot, env }) {
  const stop = existsSync("/run/systemd/system")
    ? ["systemctl", "disable", "--now", "redis-server"]
    : ["service", "redis-server", "stop"];
  const [command, ...args] = [...asRoot, ...stop];
  await runCommand(command, args, { env, timeoutMs: 30_000 });
}

async function installWithBrew({ env, signal }) {
  if (process.platform !== "darwin" || findExecutable("brew", env) === null) return false;
  return await step("Installing redis with brew, because there is none here", async () => {
    const { code, output } = await runCommand("brew", ["install", "redis"], { env, signal });
    if (code !== 0) say(`  brew could not install it:\n${lastLines(output, 8)}`);
    return code === 0;
  });
}

function lastLines(text, count) {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}
