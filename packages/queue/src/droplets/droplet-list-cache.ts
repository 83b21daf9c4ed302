import type { Droplet } from "@orchestrator/core";
import type { Redis } from "ioredis";
import type { Keys } from "../redis/keys.ts";
import { ownJson } from "../redis/own-writing.ts";

/** The list of the last good sync. Times are epoch milliseconds. */
export interface DropletList {
  droplets: Droplet[];
  syncedAt: number;
  /** A list from disk keeps saying so until a sync replaces it. */
  origin: "registry" | "disk";
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

  async announce(): Promise<void> {
    await this.#redis.publish(this.#keys.dropletListChannel, "changed");
  }
}
