import { readWaitPreference, type WaitPreference } from "@orchestrator/core";
import type { Request } from "express";
import { enterWait } from "../access/caller-waits.ts";
import { invalidRequest } from "../http/invalid-request.ts";

/**
 * How long this caller wants to be held.
 * @throws {Refusal} for anything unreadable; RATE_LIMITED when too many requests of this caller are held already
 */
export function readWait(
  request: Request,
  options: { waitMaxMs: number; defaultsToWaiting: boolean },
): Exclude<WaitPreference, { kind: "invalid" }> {
  const wait = readWaitPreference({
    query: request.query["wait"],
    prefer: request.get("prefer"),
    ...options,
  });
  if (wait.kind === "invalid") throw invalidRequest([{ path: wait.field, message: wait.message }]);
  if (wait.kind === "wait") enterWait(request);
  return wait;
}
