import { isRefused } from "@orchestrator/client";
import type { OrchestratorClient } from "@orchestrator/client";
import { readMesh, type MeshReading } from "../top/read-mesh.ts";
import { fine, ill, type Finding } from "./finding.ts";

/** Waiting tasks of one droplet that are worth a word. */
const DEPTH_MAX = 1000;

/** Looks at what waits, and at what holds it up. */
export async function examineQueues(
  client: OrchestratorClient,
  signal: AbortSignal,
): Promise<Finding[]> {
  try {
    return judgeQueues(await readMesh(client, signal));
  } catch (error) {
    if (!isRefused(error)) throw error;
    return [ill("unknown", "queues", error.code, "a key with the scope read shows them")];
  }
}

export function judgeQueues({ metrics, switches }: MeshReading): Finding[] {
  const findings = Object.entries(metrics.droplets).flatMap(([name, { queued }]) => {
    if (queued < DEPTH_MAX) return [];
    const advice = `orchestrator droplets ${name}; more workers, or a higher DROPLET_CONCURRENCY`;
    return [ill("warn", `queue of ${name}`, `${queued} tasks wait`, advice)];
  });
  for (const [name, { paused, circuit }] of switches) {
    if (paused) {
      const advice = `orchestrator resume ${name}`;
      findings.push(ill("warn", `queue of ${name}`, "paused by an operator", advice));
    }
    if (circuit.state === "open" || circuit.state === "forced_open") {
      const advice =
        circuit.state === "open"
          ? `its calls fail: look at it; orchestrator list --droplet ${name} --status error`
          : `orchestrator circuit ${name} auto`;
      findings.push(ill("warn", `circuit of ${name}`, circuit.state, advice));
    }
  }
  const { queued, running } = metrics.tasks;
  return [fine("queues", `${queued} tasks wait, ${running} run`), ...findings];
}
