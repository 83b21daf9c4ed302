import type {
  DropletSwitches,
  MetricsAnswer,
  OrchestratorClient,
  State,
} from "@orchestrator/client";

/** More are not asked for one by one every two seconds. */
const SWITCHES_ASKED_MAX = 30;

/** The mesh at one moment. */
export interface MeshReading {
  at: number;
  metrics: MetricsAnswer;
  workers: State["workers"];
  /** Of those shown first. */
  switches: Map<string, Pick<DropletSwitches, "paused" | "circuit">>;
}

export async function readMesh(
  client: OrchestratorClient,
  signal: AbortSignal,
): Promise<MeshReading> {
  const [metrics, state] = await Promise.all([
    client.metrics({ signal }),
    client.state({ signal }),
  ]);
  const names = busiestFirst(metrics).slice(0, SWITCHES_ASKED_MAX);
  const switches: MeshReading["switches"] = new Map();
  await Promise.all(
    names.map(async (name) => {
      try {
        switches.set(name, await client.droplet(name, { signal }));
      } catch {
        // It left the list, or the list is away: its numbers are shown all the same.
      }
    }),
  );
  signal.throwIfAborted();
  return { at: Date.now(), metrics, workers: state.workers, switches };
}

/** By what waits and runs, then by what it ever had. */
export function busiestFirst({ droplets }: MetricsAnswer): string[] {
  return Object.entries(droplets)
    .toSorted(
      ([, one], [, other]) =>
        other.queued + other.running - (one.queued + one.running) || other.total - one.total,
    )
    .map(([name]) => name);
}
