import {
  DEFAULT_SWITCHES,
  dropletKey,
  effectiveLimits,
  NO_LIMITS,
  queueSettings,
  type DropletLimits,
  type DropletSwitches,
  type QueueSettings,
} from "@orchestrator/core";
import type { Redis } from "../redis/redis.ts";
import type { DispatchQueues } from "../dispatch/dispatch-queues.ts";
import type { Keys } from "../redis/keys.ts";
import type { Subscriptions } from "../redis/subscriptions.ts";
import type { SettingsStore } from "../settings/shared-settings.ts";
import { applySettings, isSame, noteIfRestricted, readSettings } from "./queue-settings.ts";
import type { SwitchStore } from "./switch-store.ts";

/** Switches that change this often while a queue is being set are left to the next round of upkeep. */
const ENFORCE_TRIES_MAX = 10;

export interface SwitchboardOptions {
  store: SwitchStore;
  settings: SettingsStore;
  redis: Redis;
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
  readonly #listeners = new Set<() => void>();
  /** Queues this process consumes that were seen to, by lower-cased name; with the default limits of that time. */
  readonly #ensured = new Map<string, string>();
  /** What was found unfinished in the last round, with what the queue should have been set to. */
  #unfinished = new Map<string, string>();
  #switches: ReadonlyMap<string, DropletSwitches> = new Map();
  /** How many changes of ours are in them. */
  #changes = 0;
  #defaultLimits = NO_LIMITS;

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

  /** Called after what is in memory may have changed, whoever changed it. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** What all workers together may use of a droplet now: its own limits, else those configured for all. */
  limitsOf(dropletName: string): DropletLimits {
    return effectiveLimits(this.of(dropletName).limits, this.#defaultLimits);
  }

  /** What may have been read before a change of ours is read again: an operator is told what came of it. */
  async reload(): Promise<void> {
    const { store, settings } = this.#options;
    for (;;) {
      const changes = this.#changes;
      const [switches, { defaultLimits }] = await Promise.all([store.readAll(), settings.read()]);
      if (changes !== this.#changes) continue;
      this.#defaultLimits = defaultLimits;
      this.#use(switches);
      return;
    }
  }

  /** Changes a droplet's switches for all processes, and its queue with them. */
  async change(
    dropletName: string,
    next: (before: DropletSwitches) => DropletSwitches,
  ): Promise<DropletSwitches> {
    const { store } = this.#options;
    const { before, after } = await store.change(dropletName, (switches) => {
      const changed = next(switches);
      const isSettled = isSame(this.#settingsFor(switches), this.#settingsFor(changed));
      return isSettled ? changed : { ...changed, isEnforced: false };
    });
    this.#changes++;
    this.#use(new Map(this.#switches).set(dropletKey(dropletName), after));
    if (!after.isEnforced) await this.#enforce(dropletName);
    if (!after.isEnforced || before.circuit.phase !== after.circuit.phase) await store.announce();
    return after;
  }

  /**
   * Finishes what a process began that died between changing the switches and setting the queue. What is found
   * unfinished for the first time is left to whoever is at it: two who set a queue at the same moment could resume it
   * after one of them has paused it.
   */
  async enforceUnfinished(): Promise<void> {
    await this.reload();
    const before = this.#unfinished;
    this.#unfinished = new Map();
    for (const [name, switches] of this.#switches) {
      if (switches.isEnforced) continue;
      const text = JSON.stringify(this.#settingsFor(switches));
      this.#unfinished.set(name, text);
      if (before.get(name) === text) await this.#enforce(name);
    }
  }

  /**
   * Sees to it that queues are set as switches and default limits say: to be called before they are consumed, again
   * and again with all that are. Each is looked at once, and again when the default limits have changed; what changes
   * its switches meanwhile sets the queue itself.
   */
  async ensure(dropletNames: Iterable<string>): Promise<void> {
    const names = new Set(Array.from(dropletNames, dropletKey));
    for (const name of this.#ensured.keys()) if (!names.has(name)) this.#ensured.delete(name);
    await Promise.all(Array.from(names, async (name) => await this.#ensureOne(name)));
  }

  /** Of a droplet that is gone for good nothing stays: neither circuit nor pause nor limits. */
  async forget(dropletName: string): Promise<void> {
    const { store, redis, keys } = this.#options;
    this.#ensured.delete(dropletKey(dropletName));
    await store.forget(dropletName);
    await noteIfRestricted(redis, keys, dropletName);
    await store.announce();
  }

  #use(switches: ReadonlyMap<string, DropletSwitches>): void {
    this.#switches = switches;
    for (const listener of this.#listeners) listener();
  }

  /**
   * Sets BullMQ's queue to what the newest switches say, and notes that it is done if they still say so. If they do
   * not, another process may have set the queue before us: once more.
   */
  async #enforce(dropletName: string): Promise<void> {
    const { store, queues, redis, keys } = this.#options;
    for (let tries = 0; tries < ENFORCE_TRIES_MAX; tries++) {
      const settings = this.#settingsFor(await store.read(dropletName));
      await applySettings(queues.of(dropletName), settings);
      await noteIfRestricted(redis, keys, dropletName);
      const newest = await store.read(dropletName);
      if (!isSame(this.#settingsFor(newest), settings)) continue;
      if (newest.isEnforced) return;
      const { after } = await store.change(dropletName, (last) =>
        isSame(this.#settingsFor(last), settings) ? { ...last, isEnforced: true } : last,
      );
      if (after.isEnforced) return;
    }
  }

  #settingsFor(switches: DropletSwitches): QueueSettings {
    return queueSettings(switches, this.#defaultLimits);
  }

  async #ensureOne(name: string): Promise<void> {
    const defaults = JSON.stringify(this.#defaultLimits);
    if (this.#ensured.get(name) === defaults) return;
    const { redis, keys } = this.#options;
    const isSet = isSame(await readSettings(redis, keys, name), this.#settingsFor(this.of(name)));
    // Who changes its switches at this moment sets the queue as well.
    if (!isSet && this.of(name).isEnforced) await this.#enforce(name);
    else await noteIfRestricted(redis, keys, name);
    this.#ensured.set(name, defaults);
  }
}
