import { NO_LIMITS, type DropletLimits } from "@orchestrator/core";
import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { ownJson } from "../redis/own-writing.ts";

/** What workers are configured with and every process has to go by. */
export interface SharedSettings {
  /** How many ended tasks are kept. */
  historyKeep: number;
  /** What all workers together may use of a droplet for which no operator said otherwise. */
  defaultLimits: DropletLimits;
}

/** Until the first worker has said otherwise; the same as the worker's own defaults. */
const BEFORE_ANY_WORKER: SharedSettings = {
  historyKeep: 10_000,
  defaultLimits: NO_LIMITS,
};

const FIELD = "shared";

/**
 * The settings of the worker that was started last, in Redis: an API acts by them without being configured alike, and
 * in a rolling change two processes never pull a queue in two directions.
 */
export class SettingsStore {
  readonly #redis: Redis;
  readonly #keys: Keys;
  /** A Redis that lost its data must not lift limits. */
  #own: SharedSettings | null = null;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  async read(): Promise<SharedSettings> {
    const text = await this.#redis.hget(this.#keys.settings, FIELD);
    if (text !== null) return ownJson<SharedSettings>(text);
    if (this.#own === null) return BEFORE_ANY_WORKER;
    await this.write(this.#own);
    return this.#own;
  }

  /** For a worker that starts. */
  async write(settings: SharedSettings): Promise<void> {
    this.#own = settings;
    await this.#redis.hset(this.#keys.settings, FIELD, JSON.stringify(settings));
    // Whoever sets a queue from now on has to go by them.
    await this.#redis.publish(this.#keys.switchesChannel, "changed");
  }
}
