import { createHash, randomBytes } from "node:crypto";
import { childTraceparent, parseTraceparent, toTraceparent, type Task } from "@orchestrator/core";

/** Asking the system for a few bytes costs as much as asking for many. */
const POOL_BYTES = 4096;
let pool = Buffer.alloc(0);

function randomHex(bytes: number): string {
  if (pool.length < bytes) pool = randomBytes(POOL_BYTES);
  const hex = pool.toString("hex", 0, bytes);
  pool = pool.subarray(bytes);
  return hex;
}

const hexSources = {
  randomHex,
  hashHex: (text: string) => createHash("sha256").update(text).digest("hex"),
};

/** The caller's trace goes on, with this attempt as a span of its own. */
export function attemptTraceparent(task: Task): string {
  const caller = parseTraceparent(task.traceparent ?? undefined);
  if (caller === null) return toTraceparent(task.traceId, hexSources);
  return childTraceparent(caller.traceId, hexSources.randomHex(8), caller.flags);
}
