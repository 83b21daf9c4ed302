import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { ownJson } from "../redis/own-writing.ts";
import { timeOf } from "../events/stream-id.ts";

/** The newest are kept, about so many: years of what people do by hand, in a few megabytes. */
const ENTRIES_KEPT = 10_000;

/** One thing an operator did. */
export interface AuditedAction {
  action: string;
  /** The signed-in name; null for somebody on loopback who needed none. */
  caller: string | null;
  /** The socket's address: a proxy's own, when it came through one. */
  remote: string | null;
  droplet: string | null;
  /** What was asked for, or what it came to. */
  details: unknown;
  traceId: string;
}

export interface AuditEntry extends AuditedAction {
  id: string;
  /** Epoch milliseconds by Redis's clock. */
  at: number;
}

/** Append-only: nothing of ours changes an entry or takes one out, but for the cap. */
export class AuditLog {
  readonly #redis: Redis;
  readonly #key: string;

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#key = keys.audit;
  }

  async append(action: AuditedAction): Promise<void> {
    const text = JSON.stringify(action);
    await this.#redis.xadd(this.#key, "MAXLEN", "~", ENTRIES_KEPT, "*", "a", text);
  }

  /** Newest first. */
  async newest(limit: number): Promise<AuditEntry[]> {
    const entries = await this.#redis.xrevrange(this.#key, "+", "-", "COUNT", limit);
    return entries.map(([id, [, text = "{}"]]) =>
      Object.assign(ownJson<AuditedAction>(text), { id, at: timeOf(id) }),
    );
  }
}
