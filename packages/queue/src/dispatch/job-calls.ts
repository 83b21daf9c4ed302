import type { Keys } from "../redis/keys.ts";
import type { Redis } from "../redis/redis.ts";
import type { Subscriptions } from "../redis/subscriptions.ts";

export interface JobCallsParts {
  redis: Redis;
  subscriptions: Subscriptions;
  keys: Keys;
}

/**
 * Calls the consumers of queues that were empty and have jobs now. One message goes to every worker, for as many queues as
 * a script has filled; BullMQ's marker, the other way, is a command, an answer and a new wait of each queue's own.
 * Whoever may have missed a call looks.
 */
export class JobCalls {
  readonly #redis: Redis;
  readonly #channel: string;
  readonly #listeners = new Map<string, () => void>();

  private constructor({ redis, keys }: JobCallsParts) {
    this.#redis = redis;
    this.#channel = keys.jobsAddedChannel;
  }

  /** Resolves when calls are heard. A message is the queues, what all keys of each begin with, one to a line. */
  static async open(parts: JobCallsParts): Promise<JobCalls> {
    const calls = new JobCalls(parts);
    const { subscriptions } = parts;
    subscriptions.onReconnect(() => {
      for (const listener of calls.#listeners.values()) listener();
    });
    await subscriptions.listen(calls.#channel, (message) => {
      for (const queue of message.split("\n")) calls.#listeners.get(queue)?.();
    });
    return calls;
  }

  /** @param queue what all its keys begin with */
  listen(queue: string, listener: () => void): void {
    this.#listeners.set(queue, listener);
  }

  /** Does nothing when somebody else listens by now. */
  unlisten(queue: string, listener: () => void): void {
    if (this.#listeners.get(queue) === listener) this.#listeners.delete(queue);
  }

  /** Passes on what one consumer heard and cannot follow. */
  async call(queue: string): Promise<void> {
    await this.#redis.publish(this.#channel, queue);
  }
}
