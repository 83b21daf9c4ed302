import { DEFAULT_SWITCHES, dropletKey, type DropletSwitches } from "@orchestrator/core";
import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { luaScript } from "../redis/lua-script.ts";
import { ownJson } from "../redis/own-writing.ts";

/** KEYS switches · ARGV droplet, text as it was read ('' = none), text to be → 1 written, 0 somebody was faster */
const compareAndSet = luaScript<number>(
  "compareAndSetSwitches",
  1,
  `
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
`,
);

/** A change that loses the race this often meets something stranger than rivals. */
const TRIES_MAX = 20;

export interface SwitchChange {
  before: DropletSwitches;
  after: DropletSwitches;
}

/** The switches of every droplet, shared by all processes; each change is one atomic step. */
export class SwitchStore {
  readonly #redis: Redis;
  readonly #keys: Keys;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** By lower-cased droplet name; droplets that never were switched are missing. */
  async readAll(): Promise<Map<string, DropletSwitches>> {
    const found = await this.#redis.hgetall(this.#keys.switches);
    return new Map(
      Object.entries(found).map(([name, text]) => [name, ownJson<DropletSwitches>(text)]),
    );
  }

  async read(dropletName: string): Promise<DropletSwitches> {
    const text = await this.#redis.hget(this.#keys.switches, dropletKey(dropletName));
    return text === null ? DEFAULT_SWITCHES : ownJson<DropletSwitches>(text);
  }

  /** Computes the new switches from the newest ones, again if somebody changed them meanwhile. */
  async change(
    dropletName: string,
    next: (before: DropletSwitches) => DropletSwitches,
  ): Promise<SwitchChange> {
    const name = dropletKey(dropletName);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const text = (await this.#redis.hget(this.#keys.switches, name)) ?? "";
      const before = text === "" ? DEFAULT_SWITCHES : ownJson<DropletSwitches>(text);
      const after = next(before);
      const wanted = JSON.stringify(after);
      if (wanted === text) return { before, after };
      const keys = [this.#keys.switches];
      if ((await compareAndSet(this.#redis, keys, [name, text, wanted])) === 1) {
        return { before, after };
      }
    }
    throw new Error(`The switches of '${dropletName}' changed ${TRIES_MAX} times while we looked`);
  }

  /** As if it had never been switched. */
  async forget(dropletName: string): Promise<void> {
    await this.#redis.hdel(this.#keys.switches, dropletKey(dropletName));
  }

  /** Tells every process to look again. */
  async announce(): Promise<void> {
    await this.#redis.publish(this.#keys.switchesChannel, "changed");
  }
}
