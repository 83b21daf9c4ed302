import type { LookKind } from "./queue-looks.ts";
import type { Keys } from "../redis/keys.ts";
import type { Redis } from "../redis/redis.ts";
import type { Subscriptions } from "../redis/subscriptions.ts";

export interface JobCallsParts {
  redis: Redis;
  subscriptions: Subscriptions;
  keys: Keys;
}

/** What a message begins with that is about any kind of job. */
const PASSED_ON = "!";

type Listener = (kind: LookKind) => void;

/**
 * Calls the consumers of queues that were empty and have jobs now. One message goes to every worker, for as many queues as
 * a script has filled; BullMQ's marker, the other way, is a command, an answer and a new wait of each queue's own.
 * Whoever may have missed a call looks.
 */
export class JobCalls {
  readonly #redis: Redis;
  readonly #channel: string;
  readonly #listeners = new Map<string, Listener>();

  private constructor({ redis, keys }: JobCallsParts) {
    this.#redis = redis;
    this.#channel = keys.jobsAddedChannel;
  }

  /** Resolves when calls are heard. A message is what all keys of each queue begin with, one to a line, or of one passed on. */
  static async open(parts: JobCallsParts): Promise<JobCalls> {
    const calls = new JobCalls(parts);
    const { subscriptions } = parts;
    subscriptions.onReconnect(() => {
      for (const listener of calls.#listeners.values()) listener("thorough");
    });
    await subscriptions.listen(calls.#channel, (message) => {
      if (message.startsWith(PASSED_ON)) {
        calls.#listeners.get(message.slice(PASSED_ON.length))?.("thorough");
      } else for (const queue of message.split("\n")) calls.#listeners.get(queue)?.("quick");
    });
    return calls;
  }

  /** @param queue what all its keys begin with */
  listen(queue: string, listener: Listener): void {
    this.#listeners.set(queue, listener);
  }

  /** Does nothing when somebody else listens by now. */
  unlisten(queue: string, listener: Listener): void {
    if (this.#listeners.get(queue) === listener) this.#listeners.delete(queue);
  }

  /** Passes on what a consumer learned from a marker, which nobody else has seen, and has no room for. */
  async passOn(queue: string): Promise<void> {
    await this.#redis.publish(this.#channel, `${PASSED_ON}${queue}`);
  }
}
