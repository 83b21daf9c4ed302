import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { openLog, tailOfLog } from "./log-file.mjs";

/**
 * Starts a program in a process group of its own, so that the terminal's Ctrl-C reaches only us and we choose the
 * order of stopping. What it writes goes to `logFile`.
 */
export function startChild({ name, command, args, cwd, env, logFile }) {
  const log = openLog(logFile);
  const stdio = ["ignore", log.descriptor, log.descriptor];
  const child = spawn(command, args, { cwd, env, detached: true, stdio });
  closeSync(log.descriptor);

  let hasEnded = false;
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(`could not be started (${error.message})`));
    child.once("exit", (code, signal) => resolve(`ended with ${signal ?? `exit code ${code}`}`));
  }).finally(() => (hasEnded = true));

  return {
    name,
    pid: child.pid,
    ended,
    /** Asks it to stop and, past `graceMs`, kills its whole group. Resolves when it is gone. */
    async stop(graceMs) {
      if (hasEnded || child.pid === undefined) return;
      const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), graceMs);
      child.kill("SIGTERM");
      await ended;
      clearTimeout(timer);
      // Whatever it may have started itself does not outlive it.
      signalGroup(child.pid, "SIGKILL");
    },
    kill() {
      if (!hasEnded && child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
    },
    lastLines: (count) => tailOfLog(logFile, { startsAt: log.startsAt, count }),
  };
}

/** Signals a process group; one that is gone already is what was wanted. */
export function signalGroup(pid, signal) {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH" && error.code !== "EPERM") throw error;
  }
}
