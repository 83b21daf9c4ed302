import { dropletKey, type CircuitState } from "@orchestrator/core";
import type { DropletDirectory } from "../droplets/droplet-directory.ts";
import type { Store } from "../open-store.ts";
import { KeptFresh } from "./kept-fresh.ts";
import { OTHER_DROPLETS, type DropletLabels } from "./droplet-labels.ts";
import type { MetricMakers } from "./metric-makers.ts";
import { readQueueDepths, type QueueDepth } from "./queue-depths.ts";

/** One look at all queues serves every scrape of the next seconds. */
const LOOK_MAX_AGE_MS = 4000;

/** A scrape goes without the queues when Redis takes longer than this. */
const LOOK_WAIT_MS = 1000;

const CIRCUIT_VALUE = {
  closed: 0,
  forced_closed: 0,
  half_open: 1,
  open: 2,
  forced_open: 2,
} as const satisfies Record<CircuitState["phase"], number>;

interface Look {
  depths: Map<string, QueueDepth>;
  workers: number;
}

type Observed = Pick<Store, "redis" | "keys" | "directory" | "presence" | "switchboard">;

/**
 * Shows what all processes share: queues, circuits, workers, the Registry's list. Every process shows the same, so
 * take the largest of them, never the sum. Nobody leads: whoever is scraped looks, at most every few seconds.
 */
export function showStore(
  store: Observed,
  makers: MetricMakers,
  labels: DropletLabels,
  onError: (error: unknown) => void,
): void {
  const look = new KeptFresh<Look>({
    read: async () => ({
      depths: await readQueueDepths(store.redis, store.keys, Date.now()),
      workers: (await store.presence.alive()).length,
    }),
    maxAgeMs: LOOK_MAX_AGE_MS,
    waitMs: LOOK_WAIT_MS,
    onError,
  });
  const queues = queueGauges(makers, labels);
  const up = makers.gauge({
    name: "orchestrator_redis_up",
    help: "1 while Redis answers this process.",
  });
  const workers = makers.gauge({
    name: "orchestrator_workers",
    help: "Worker processes that report themselves.",
  });
  const showRegistry = registryGauges(store.directory, makers);
  const showSwitches = switchGauges(store.switchboard, makers, labels);

  makers.onScrape(async () => {
    const seen = await look.get();
    up.set({}, seen === null ? 0 : 1);
    workers.reset();
    if (seen !== null) workers.set({}, seen.workers);
    queues.show(seen?.depths ?? null, store.directory);
    showSwitches();
    showRegistry();
  });
}

function queueGauges(makers: MetricMakers, labels: DropletLabels) {
  const depth = makers.gauge({
    name: "orchestrator_queue_tasks",
    help: "Tasks in a droplet's queue: waiting for a worker, delayed (until their time or the next attempt), active.",
    labelNames: ["droplet", "state"],
  });
  const age = makers.gauge({
    name: "orchestrator_queue_oldest_age_seconds",
    help: "For how long the task that waits longest could have been taken; 0 when none waits.",
    labelNames: ["droplet"],
  });

  function showOne(name: string, { waiting, delayed, active, oldestReadyAt }: QueueDepth): void {
    const droplet = labels.of(name);
    if (droplet === OTHER_DROPLETS) return;
    depth.set({ droplet, state: "waiting" }, waiting);
    depth.set({ droplet, state: "delayed" }, delayed);
    depth.set({ droplet, state: "active" }, active);
    const ageMs = oldestReadyAt === null ? 0 : Math.max(0, Date.now() - oldestReadyAt);
    age.set({ droplet }, ageMs / 1000);
  }

  return {
    /** Without a look nothing is shown: old numbers would pass for new ones. */
    show(depths: Map<string, QueueDepth> | null, directory: DropletDirectory): void {
      depth.reset();
      age.reset();
      if (depths === null) return;
      const idle = { waiting: 0, delayed: 0, active: 0, oldestReadyAt: null };
      for (const { name } of directory.droplets) {
        if (!depths.has(dropletKey(name))) showOne(name, idle);
      }
      for (const [name, one] of depths) showOne(name, one);
    },
  };
}

function switchGauges(
  switchboard: Store["switchboard"],
  makers: MetricMakers,
  labels: DropletLabels,
): () => void {
  const circuit = makers.gauge({
    name: "orchestrator_circuit_state",
    help: "A droplet's circuit: 0 closed, 1 half open, 2 open. Only droplets whose circuit ever counted anything.",
    labelNames: ["droplet"],
  });
  const paused = makers.gauge({
    name: "orchestrator_queue_paused",
    help: "1 while an operator keeps a droplet's queue from running. Only droplets that were ever switched.",
    labelNames: ["droplet"],
  });
  return () => {
    circuit.reset();
    paused.reset();
    for (const [name, switches] of switchboard.all) {
      const droplet = labels.of(name);
      if (droplet === OTHER_DROPLETS) continue;
      circuit.set({ droplet }, CIRCUIT_VALUE[switches.circuit.phase]);
      paused.set({ droplet }, switches.isPausedByOperator ? 1 : 0);
    }
  };
}

function registryGauges(directory: DropletDirectory, makers: MetricMakers): () => void {
  const age = makers.gauge({
    name: "orchestrator_registry_list_age_seconds",
    help: "Since the last good sync of the droplet list; missing while there is no list.",
  });
  const status = makers.gauge({
    name: "orchestrator_registry_list_status",
    help: "1 for what the droplet list is: active, stale or unavailable.",
    labelNames: ["status"],
  });
  const healthy = makers.gauge({
    name: "orchestrator_registry_up",
    help: "1 when the last sync with the Registry succeeded.",
  });
  const known = makers.gauge({
    name: "orchestrator_droplets",
    help: "Droplets on the list, the Registry included.",
  });
  return () => {
    const nowMs = Date.now();
    const ageMs = directory.ageMs(nowMs);
    age.reset();
    if (ageMs !== null) age.set({}, ageMs / 1000);
    for (const one of ["active", "stale", "unavailable"] as const) {
      status.set({ status: one }, directory.cacheStatus(nowMs) === one ? 1 : 0);
    }
    healthy.set({}, directory.state?.isHealthy ? 1 : 0);
    known.set({}, directory.droplets.length);
  };
}
