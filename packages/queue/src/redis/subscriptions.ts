import type { Redis } from "ioredis";

type Handler = (message: string) => void;

/**
 * One connection in subscriber mode, shared by everything in the process that listens. ioredis subscribes
 * anew after a reconnect; messages sent in between are gone, so `onReconnect` tells listeners to look.
 */
export class Subscriptions {
  readonly #redis: Redis;
  readonly #handlers = new Map<string, Set<Handler>>();
  readonly #reconnectListeners = new Set<() => void>();
  #wasReady: boolean;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#wasReady = redis.status === "ready";
    redis.on("message", (channel: string, message: string) => {
      for (const handler of this.#handlers.get(channel) ?? []) handler(message);
    });
    redis.on("ready", () => {
      if (this.#wasReady) void this.#reconnected();
      this.#wasReady = true;
    });
  }

  /** Resolves when Redis has confirmed: from then on no message is missed while connected. */
  async listen(channel: string, handler: Handler): Promise<void> {
    const handlers = this.#handlers.get(channel) ?? new Set();
    handlers.add(handler);
    this.#handlers.set(channel, handlers);
    await this.#redis.subscribe(channel);
  }

  /** Called when messages are heard again: whoever looks then misses nothing that comes after. */
  onReconnect(listener: () => void): void {
    this.#reconnectListeners.add(listener);
  }

  async #reconnected(): Promise<void> {
    const channels = [...this.#handlers.keys()];
    try {
      // As ioredis has done already: this tells when Redis has confirmed.
      if (channels.length > 0) await this.#redis.subscribe(...channels);
    } catch {
      // Away again: the next time it is back.
      return;
    }
    for (const listener of this.#reconnectListeners) listener();
  }
}
