import { indexDroplets, withRegistry, type Droplet, type DropletIndex } from "@orchestrator/core";
import type { Keys } from "../redis/keys.ts";
import type { Subscriptions } from "../redis/subscriptions.ts";
import type {
  DropletList,
  DropletListCache,
  Registration,
  RegistryState,
} from "./droplet-list-cache.ts";
import type { SnapshotFile } from "./snapshot-file.ts";

export type CacheStatus = "active" | "stale" | "unavailable";
export type ServedFrom = "registry" | "cache" | "disk";

export interface DropletDirectoryOptions {
  cache: DropletListCache;
  subscriptions: Subscriptions;
  keys: Keys;
  snapshot: SnapshotFile;
  registryUrl: string;
  /** After this long without a good sync the list is `stale`; it serves on. */
  expiryMs: number;
  onError: (error: unknown) => void;
}

/**
 * The droplet list in memory, so that no caller ever waits for it: loaded from Redis, kept up to date by a
 * message, and read from disk when Redis has none. The Registry itself is always in it.
 */
export class DropletDirectory {
  readonly #options: DropletDirectoryOptions;
  readonly #listeners = new Set<() => void>();
  #list: DropletList | null = null;
  #state: RegistryState | null = null;
  #registration: Registration | null = null;
  #droplets: Droplet[];
  #index: DropletIndex;

  private constructor(options: DropletDirectoryOptions) {
    this.#options = options;
    this.#droplets = withRegistry([], options.registryUrl);
    this.#index = indexDroplets(this.#droplets);
  }

  /** Comes up with what can be had: Redis away is no reason not to start. */
  static async open(options: DropletDirectoryOptions): Promise<DropletDirectory> {
    const directory = new DropletDirectory(options);
    const { cache, subscriptions, keys, onError } = options;
    const reload = (): void => void directory.reload().catch(onError);
    subscriptions.onReconnect(reload);
    // What was announced before we listened, or while the other connection was away, is looked up.
    subscriptions.listen(keys.dropletListChannel, reload).then(reload, onError);
    cache.onConnected(reload);
    await directory.reload().catch(onError);
    if (directory.#list === null) directory.#use(await options.snapshot.read());
    return directory;
  }

  /** Reads Redis; a missing list there never replaces one in memory. */
  async reload(): Promise<void> {
    const { cache } = this.#options;
    const [list, state, registration] = await Promise.all([
      cache.readList(),
      cache.readState(),
      cache.readRegistration(),
    ]);
    this.#state = state ?? this.#state;
    this.#registration = registration ?? this.#registration;
    if (list !== null && !this.#isKnown(list)) this.#use(list);
  }

  /** Called after the list changed. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** All droplets, the Registry included even while there is no list. */
  get droplets(): readonly Droplet[] {
    return this.#droplets;
  }

  /** False until Registry, Redis or disk gave a list: only the Registry itself can be called. */
  get hasList(): boolean {
    return this.#list !== null;
  }

  get list(): DropletList | null {
    return this.#list;
  }

  get state(): RegistryState | null {
    return this.#state;
  }

  /** Whether the Registry lists us, as far as we know. */
  get isRegistered(): boolean {
    return this.#registration?.isRegistered ?? false;
  }

  byName(name: string): Droplet | null {
    return this.#index.byName(name);
  }

  byId(id: number | string): Droplet | null {
    return this.#index.byId(id);
  }

  ageMs(nowMs: number): number | null {
    return this.#list === null ? null : Math.max(0, nowMs - this.#list.syncedAt);
  }

  cacheStatus(nowMs: number): CacheStatus {
    const ageMs = this.ageMs(nowMs);
    if (ageMs === null) return "unavailable";
    return ageMs <= this.#options.expiryMs ? "active" : "stale";
  }

  servedFrom(): ServedFrom {
    if (this.#list?.origin === "disk") return "disk";
    return this.#state?.isHealthy ? "registry" : "cache";
  }

  #isKnown(list: DropletList): boolean {
    return this.#list?.syncedAt === list.syncedAt && this.#list.origin === list.origin;
  }

  #use(list: DropletList | null): void {
    if (list === null) return;
    this.#list = list;
    this.#droplets = withRegistry(list.droplets, this.#options.registryUrl);
    this.#index = indexDroplets(this.#droplets);
    for (const listener of this.#listeners) listener();
  }
}
