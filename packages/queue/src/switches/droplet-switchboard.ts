import {
  DEFAULT_SWITCHES,
  dropletKey,
  queueSettings,
  type DropletSwitches,
  type QueueSettings,
} from "@orchestrator/core";
import type { Queue } from "bullmq";
import type { DispatchQueues } from "../dispatch/dispatch-queues.ts";
import type { Keys } from "../redis/keys.ts";
import type { Subscriptions } from "../redis/subscriptions.ts";
import type { SwitchStore } from "./switch-store.ts";

export interface SwitchboardOptions {
  store: SwitchStore;
  queues: DispatchQueues;
  subscriptions: Subscriptions;
  keys: Keys;
  onError: (error: unknown) => void;
}

/**
 * What holds up each droplet's queue, in memory and kept up to date, so that a caller is told without asking
 * Redis; and the one way to change it, which also sets BullMQ's queue to match.
 */
export class DropletSwitchboard {
  readonly #options: SwitchboardOptions;
  #switches: ReadonlyMap<string, DropletSwitches> = new Map();

  constructor(options: SwitchboardOptions) {
    this.#options = options;
    const { subscriptions, keys, onError } = options;
    const reload = (): void => void this.reload().catch(onError);
    subscriptions.onReconnect(reload);
    subscriptions.listen(keys.switchesChannel, reload).catch(onError);
  }

  of(dropletName: string): DropletSwitches {
    return this.#switches.get(dropletKey(dropletName)) ?? DEFAULT_SWITCHES;
  }

  /** By lower-cased name: droplets that have been switched at least once. */
  get all(): ReadonlyMap<string, DropletSwitches> {
    return this.#switches;
  }

  async reload(): Promise<void> {
    this.#switches = await this.#options.store.readAll();
  }

  /** Changes a droplet's switches for all processes, and its queue with them. */
  async change(
    dropletName: string,
    next: (before: DropletSwitches) => DropletSwitches,
  ): Promise<DropletSwitches> {
    const { store } = this.#options;
    const { before, after } = await store.change(dropletName, (switches) => {
      const changed = next(switches);
      const isSettled = isSame(queueSettings(switches), queueSettings(changed));
      return isSettled ? changed : { ...changed, isEnforced: false };
    });
    this.#switches = new Map(this.#switches).set(dropletKey(dropletName), after);
    if (!after.isEnforced) await this.#enforce(dropletName);
    if (!after.isEnforced || before.circuit.phase !== after.circuit.phase) await store.announce();
    return after;
  }

  /** Finishes what a process began that died between changing the switches and setting the queue. */
  async enforceUnfinished(): Promise<void> {
    await this.reload();
    for (const [name, { isEnforced }] of this.#switches) {
      if (!isEnforced) await this.#enforce(name);
    }
  }

  /** Sets BullMQ's queue to what the newest switches say, and notes that it is done if they still say so. */
  async #enforce(dropletName: string): Promise<void> {
    const { store, queues } = this.#options;
    const settings = queueSettings(await store.read(dropletName));
    await applySettings(queues.of(dropletName), settings);
    await store.change(dropletName, (newest) =>
      isSame(queueSettings(newest), settings) ? { ...newest, isEnforced: true } : newest,
    );
  }
}

function isSame(a: QueueSettings, b: QueueSettings): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Limits first: a queue that is resumed must not run a moment without them. */
async function applySettings(queue: Queue, settings: QueueSettings): Promise<void> {
  const { concurrency, rate, isPaused } = settings;
  if (isPaused) await queue.pause();
  await (concurrency === null
    ? queue.removeGlobalConcurrency()
    : queue.setGlobalConcurrency(concurrency));
  await (rate === null
    ? queue.removeGlobalRateLimit()
    : queue.setGlobalRateLimit(rate.max, rate.perMs));
  if (!isPaused) await queue.resume();
}
