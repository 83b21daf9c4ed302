import type { Request } from "express";
import { Refusal } from "../http/refusal.ts";

/** Work that has passed through this many orchestrators goes in circles. */
const HOPS_MAX = 8;

/** The hop count of a task made by this request. @throws {Refusal} LOOP_DETECTED when it is used up */
export function readHops(request: Request): number {
  const before = /^\d{1,4}$/.exec(request.get("x-orchestrator-hops") ?? "")?.[0] ?? "0";
  const hops = Number(before) + 1;
  if (hops <= HOPS_MAX) return hops;
  throw new Refusal(
    "LOOP_DETECTED",
    `This work has passed through ${before} orchestrators and goes in circles`,
    { hops: Number(before), hops_max: HOPS_MAX },
  );
}
