import { dropletKey } from "@orchestrator/core";
import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";

/** Whether a droplet answered the last time it was called. */
export interface LastAttempt {
  /** Any HTTP answer counts; what it said does not. */
  isAnswered: boolean;
  at: number;
}

/**
 * Which droplets answer, as the workers find out. Attempts are noted in memory and written in one command per
 * `flush`, so that an attempt costs Redis nothing; of two workers the later one counts.
 */
export class AnsweredAttempts {
  readonly #redis: Redis;
  readonly #key: string;
  #noted = new Map<string, LastAttempt>();

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#key = `${keys.all}answered`;
  }

  note(dropletName: string, attempt: LastAttempt): void {
    this.#noted.set(dropletKey(dropletName), attempt);
  }

  /** To be called every few seconds. What cannot be written is forgotten: the next attempt tells it again. */
  async flush(): Promise<void> {
    if (this.#noted.size === 0) return;
    const noted = this.#noted;
    this.#noted = new Map();
    const fields = Array.from(noted, ([name, { isAnswered, at }]): [string, string] => [
      name,
      `${isAnswered ? 1 : 0} ${at}`,
    ]);
    await this.#redis.hset(this.#key, ...fields.flat());
  }

  /** By lower-cased name. */
  async read(): Promise<Map<string, LastAttempt>> {
    const found = await this.#redis.hgetall(this.#key);
    return new Map(
      Object.entries(found).map(([name, text]) => {
        const [isAnswered, at] = text.split(" ");
        return [name, { isAnswered: isAnswered === "1", at: Number(at) }];
      }),
    );
  }
}
