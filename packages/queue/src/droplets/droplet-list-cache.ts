import type { Droplet } from "@orchestrator/core";
import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { ownJson } from "../redis/own-writing.ts";

/** The list of the last good sync. Times are epoch milliseconds. */
export interface DropletList {
  droplets: Droplet[];
  syncedAt: number;
  /** A list from disk keeps saying so until a sync replaces it. */
  origin: "registry" | "disk";
  /** The Registry it came from: after a change of REGISTRY_URL it serves on, but a sync is due at once. */
  registryUrl: string;
}

/** How the last sync went, good or bad. */
export interface RegistryState {
  lastAttemptAt: number;
  isHealthy: boolean;
  error: string | null;
  durationMs: number;
  /** The path that answered, asked first the next time. */
  path: string | null;
  /** Entries of the answer that could not be used. */
  skipped: number;
  /** What is wrong with the snapshot on disk, null when it was written. */
  snapshotWarning: string | null;
}

/** Whether the Registry lists us, and when we may ask it again to do so. Times are epoch milliseconds. */
export interface Registration {
  isRegistered: boolean;
  /** Attempts since the Registry last listed us; each makes the pause before the next one longer. */
  attempts: number;
  notBefore: number;
}

/** The droplet list as all processes share it, in Redis. */
export class DropletListCache {
  readonly #redis: Redis;
  readonly #keys: Keys;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  async readList(): Promise<DropletList | null> {
    const text = await this.#redis.get(this.#keys.dropletList);
    return text === null ? null : ownJson<DropletList>(text);
  }

  async readState(): Promise<RegistryState | null> {
    const text = await this.#redis.get(this.#keys.registryState);
    return text === null ? null : ownJson<RegistryState>(text);
  }

  async readRegistration(): Promise<Registration | null> {
    const text = await this.#redis.get(this.#keys.registration);
    return text === null ? null : ownJson<Registration>(text);
  }

  /** Every process hears of it within a second. */
  async writeList(list: DropletList): Promise<void> {
    await this.#redis.set(this.#keys.dropletList, JSON.stringify(list));
  }

  /** A list from disk only fills a void: it never replaces what a sync brought. */
  async writeListIfMissing(list: DropletList): Promise<void> {
    await this.#redis.set(this.#keys.dropletList, JSON.stringify(list), "NX");
  }

  async writeState(state: RegistryState): Promise<void> {
    await this.#redis.set(this.#keys.registryState, JSON.stringify(state));
  }

  async writeRegistration(registration: Registration): Promise<void> {
    await this.#redis.set(this.#keys.registration, JSON.stringify(registration));
  }

  /** Calls back whenever commands can be sent again, the first time included. */
  onConnected(listener: () => void): void {
    this.#redis.on("ready", listener);
  }

  async announce(): Promise<void> {
    await this.#redis.publish(this.#keys.dropletListChannel, "changed");
  }
}
