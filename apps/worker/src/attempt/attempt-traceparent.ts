import { createHash, randomBytes } from "node:crypto";
import { childTraceparent, parseTraceparent, toTraceparent, type Task } from "@orchestrator/core";

const hexSources = {
  randomHex: (bytes: number) => randomBytes(bytes).toString("hex"),
  hashHex: (text: string) => createHash("sha256").update(text).digest("hex"),
};

/** The caller's trace goes on, with this attempt as a span of its own. */
export function attemptTraceparent(task: Task): string {
  const caller = parseTraceparent(task.traceparent ?? undefined);
  if (caller === null) return toTraceparent(task.traceId, hexSources);
  return childTraceparent(caller.traceId, hexSources.randomHex(8), caller.flags);
}
