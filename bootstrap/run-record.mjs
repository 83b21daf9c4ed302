import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processStartTime } from "./process-identity.mjs";

/**
 * Which processes `npm start` has running, one small file each under `.data/run`. It outlives a start that was killed
 * without a chance to stop its children, and so lets the next start find them.
 */
export async function recordProcess(folder, name, pid) {
  mkdirSync(folder, { recursive: true });
  const startTime = await processStartTime(pid);
  if (startTime === null) return;
  writeFileSync(fileOf(folder, name), JSON.stringify({ name, pid, startTime }));
}

export function forgetProcess(folder, name) {
  rmSync(fileOf(folder, name), { force: true });
}

/** The recorded processes that still run. Records of those that do not are removed. */
export async function runningProcesses(folder) {
  const records = readRecords(folder);
  const startTimes = await Promise.all(records.map(({ pid }) => processStartTime(pid)));
  const isRunning = (record, index) => startTimes[index] === record.startTime;
  for (const record of records.filter((...each) => !isRunning(...each))) {
    forgetProcess(folder, record.name);
  }
  return records.filter(isRunning);
}

function readRecords(folder) {
  try {
    const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
    return files.map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")));
  } catch {
    return [];
  }
}

function fileOf(folder, name) {
  return join(folder, `${name}.json`);
}
