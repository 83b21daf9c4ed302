import { createHash } from "node:crypto";
import type { TaskRequest } from "@orchestrator/contract";
import { canonicalJson, type Task } from "@orchestrator/core";
import type { Request } from "express";
import { invalidRequest } from "../http/invalid-request.ts";

/** 1–255 visible ASCII characters, as they are or as a quoted string. */
const VISIBLE = /^[\x21-\x7e]{1,255}$/;
const QUOTED = /^"((?:[^"\\]|\\.)*)"$/;

/** What a claim is made with: a name that hides the key, and the print that tells requests apart. */
export interface KeyedRequest {
  claim: string;
  fingerprint: string;
}

/** The Idempotency-Key of a request, null when it has none. @throws {Refusal} when it is malformed */
export function readIdempotencyKey(request: Request): string | null {
  const header = request.get("idempotency-key");
  if (header === undefined) return null;
  const key = QUOTED.exec(header)?.[1]?.replaceAll(/\\(.)/g, "$1") ?? header;
  if (VISIBLE.test(key)) return key;
  const message = "must be 1 to 255 visible ASCII characters, quoted or not";
  throw invalidRequest([{ path: "Idempotency-Key", message }]);
}

/** Keys of one caller do not meet those of another. */
export function claimOf(key: string, caller: string | null): string {
  return sha256(JSON.stringify([caller, key]));
}

/** Of the validated request with every default filled in, those of our configuration included. */
export function fingerprintOf(request: TaskRequest, task: Task): string {
  const filledIn = {
    timeout_ms: task.timeoutMs,
    attempt_timeout_ms: task.attemptTimeoutMs,
    max_retries: task.maxRetries,
  };
  return sha256(canonicalJson({ ...request, ...filledIn }));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
