import type { FieldIssue } from "@orchestrator/contract";
import { Refusal } from "./refusal.ts";

/** 400 that names every wrong field; the message leads with the first. */
export function invalidRequest(issues: FieldIssue[]): Refusal {
  const [first] = issues;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  const message = first ? `${first.path || "body"}: ${first.message}${more}` : "Invalid request";
  return new Refusal("INVALID_REQUEST", message, { issues });
}
