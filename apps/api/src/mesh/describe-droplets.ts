import type { Droplet } from "@orchestrator/core";
import type { DropletDirectory, DropletSwitchboard, Store } from "@orchestrator/queue";
import { noDropletList } from "../tasks/accept-task.ts";
import { dropletNotFound, namesOf, resolveDroplet } from "./resolve-droplet.ts";

/** The list as we route by it, from memory. @throws {Refusal} REGISTRY_ERROR when there is none */
export function describeDropletList({
  directory,
  switchboard,
}: Pick<Store, "directory" | "switchboard">) {
  if (!directory.hasList) throw noDropletList();
  return {
    droplets: directory.droplets.map((droplet) => ({
      ...droplet,
      ...describeSwitches(droplet.name, switchboard),
    })),
    cache_status: directory.cacheStatus(Date.now()),
    served_from: directory.servedFrom(),
  };
}

/**
 * One droplet, with what waits for it and what holds it up.
 * @throws {Refusal} DROPLET_NOT_FOUND (404), REGISTRY_ERROR, QUEUE_UNAVAILABLE
 */
export async function describeDroplet(reference: string, store: Store) {
  const droplet = findDroplet(reference, store.directory);
  const [counts, sign] = await Promise.all([
    store.queues.counts(droplet.name),
    store.heartbeats.last(namesOf(droplet)),
  ]);
  const { waiting, delayed, active } = counts;
  return {
    ...droplet,
    queue: { waiting, delayed, active },
    ...describeSwitches(droplet.name, store.switchboard),
    last_seen: sign === null ? null : new Date(sign.seenAt).toISOString(),
    reported: sign === null ? null : { status: sign.status, metrics: sign.metrics },
  };
}

/** What holds up a droplet's queue; limits as they are in force, its own or those configured for all. */
export function describeSwitches(dropletName: string, switchboard: DropletSwitchboard) {
  const { circuit, isPausedByOperator } = switchboard.of(dropletName);
  const limits = switchboard.limitsOf(dropletName);
  return {
    paused: isPausedByOperator,
    circuit: { state: circuit.phase },
    limits: {
      concurrency: limits.concurrency,
      rate: limits.rate && { max: limits.rate.max, per_ms: limits.rate.perMs },
    },
  };
}

function findDroplet(reference: string, directory: DropletDirectory): Droplet {
  const droplet = resolveDroplet(reference, directory);
  if (droplet !== null) return droplet;
  if (!directory.hasList) throw noDropletList();
  throw dropletNotFound(reference, directory, { httpStatus: 404 });
}
