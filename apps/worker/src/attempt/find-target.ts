import {
  decideHost,
  targetUrl,
  type AddressPolicy,
  type Outcome,
  type Task,
} from "@orchestrator/core";
import type { DropletDirectory } from "@orchestrator/queue";
import { assertAddressAllowed, TargetForbiddenError } from "./guarded-connector.ts";

export type Target = { kind: "url"; url: URL } | { kind: "none"; outcome: Outcome };

/** Where this attempt goes, by the newest list: the droplet may have moved since the task was accepted. */
export function findTarget(
  task: Task,
  directory: Pick<DropletDirectory, "byName">,
  policy: AddressPolicy,
): Target {
  const droplet = directory.byName(task.dropletName);
  if (droplet === null) {
    return none("unreachable", `Droplet '${task.dropletName}' is not in the list of droplets`);
  }
  const target = targetUrl(droplet.endpoint, task.path);
  if (target.kind === "forbidden") return none("target_forbidden", target.reason);
  const { url } = target;
  const host = decideHost(url.hostname, policy.allowedHosts);
  if (!host.allowed) return none("target_forbidden", `${url.hostname} is ${host.reason}`);
  try {
    assertAddressAllowed(url, policy);
  } catch (error) {
    if (error instanceof TargetForbiddenError) return none("target_forbidden", error.message);
    throw error;
  }
  return { kind: "url", url };
}

function none(fault: "unreachable" | "target_forbidden", message: string): Target {
  return {
    kind: "none",
    outcome: { certainty: "not_sent", fault, message, status: null, retryAfterMs: null },
  };
}
