import { readFileSync } from "node:fs";
import { runCommand } from "./run-command.mjs";

/**
 * When a process started, in whatever unit this system tells; null when it does not run. A pid alone does not
 * identify a process, because pids are used again: the pid together with this does.
 */
export async function processStartTime(pid) {
  if (process.platform === "linux") return startTimeFromProc(pid);
  const { code, output } = await runCommand("ps", ["-o", "lstart=", "-p", String(pid)]);
  return code === 0 && output.trim() !== "" ? output.trim() : null;
}

function startTimeFromProc(pid) {
  try {
    // The program's name comes second, in brackets, and may hold anything: count from the last bracket.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? null : (fields[18] ?? null);
  } catch {
    return null;
  }
}
