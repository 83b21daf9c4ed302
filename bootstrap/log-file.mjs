import { closeSync, fstatSync, mkdirSync, openSync, readSync, truncateSync } from "node:fs";
import { dirname } from "node:path";

const KEEP_BYTES_MAX = 10_000_000;
const TAIL_BYTES_MAX = 64_000;

/**
 * Opens a child's log for appending and returns the descriptor. One that has grown past 10 MB starts anew: these are
 * the logs of a demo, and whoever wants to keep them runs the apps under something that collects them.
 */
export function openLog(file) {
  mkdirSync(dirname(file), { recursive: true });
  const descriptor = openSync(file, "a");
  if (fstatSync(descriptor).size > KEEP_BYTES_MAX) truncateSync(file);
  return { descriptor, startsAt: fstatSync(descriptor).size };
}

/** The last `count` lines written since byte `startsAt`, indented. */
export function tailOfLog(file, { startsAt, count }) {
  const descriptor = openSync(file, "r");
  try {
    const size = fstatSync(descriptor).size;
    const from = Math.max(startsAt, size - TAIL_BYTES_MAX);
    const bytes = Buffer.alloc(Math.max(0, size - from));
    readSync(descriptor, bytes, 0, bytes.length, from);
    const lines = bytes.toString("utf8").trimEnd().split("\n").slice(-count);
    return lines.map((line) => `    ${line}`).join("\n");
  } finally {
    closeSync(descriptor);
  }
}
