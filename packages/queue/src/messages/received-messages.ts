import { randomUUID } from "node:crypto";
import type { KeptMessage, MessagesQuery } from "@orchestrator/contract";
import { RECORD_BODY_BYTES_MAX } from "@orchestrator/core";
import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { ownJson } from "../redis/own-writing.ts";
import { keepMessage, pageOfMessages } from "./message-scripts.ts";

export interface MessageLimits {
  /** How many are kept, the newest. */
  count: number;
  lifeMs: number;
}

const LIMITS: MessageLimits = { count: 10_000, lifeMs: 24 * 3_600_000 };

export interface MessagePage {
  messages: KeptMessage[];
  total: number;
}

/** The messages that droplets have sent us: bounded in number, age and size, readable by all processes. */
export class ReceivedMessages {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #limits: MessageLimits;

  constructor(redis: Redis, keys: Keys, limits: MessageLimits = LIMITS) {
    this.#redis = redis;
    this.#keys = keys;
    this.#limits = limits;
  }

  /** A second delivery of the same message (the same id) changes nothing. */
  async keep(message: KeptMessage): Promise<void> {
    const { count, lifeMs } = this.#limits;
    const text = JSON.stringify({ ...message, payload: boundedPayload(message.payload) });
    const source = String(message.source).toLowerCase();
    await keepMessage(
      this.#redis,
      [this.#keys.messages],
      [message.id, text, source, message.message_type, count, lifeMs],
    );
  }

  /** Newest first; `total` counts the matches before the limit. */
  async page(query: MessagesQuery): Promise<MessagePage> {
    const [total, ...texts] = await pageOfMessages(
      this.#redis,
      [this.#keys.messages, `${this.#keys.messages}scratch:${randomUUID()}`],
      [
        query.source?.toLowerCase() ?? "",
        query.message_type ?? "",
        query.limit,
        this.#limits.lifeMs,
      ],
    );
    return { messages: texts.filter(Boolean).map((text) => ownJson<KeptMessage>(text)), total };
  }
}

/** Ten thousand messages of a megabyte each would be ten gigabytes. */
function boundedPayload(payload: unknown): unknown {
  const bytes = Buffer.byteLength(JSON.stringify(payload) ?? "");
  if (bytes <= RECORD_BODY_BYTES_MAX) return payload;
  const max = RECORD_BODY_BYTES_MAX / 1024;
  return {
    _truncated: true,
    _original_size_kb: Math.round((bytes / 1024) * 100) / 100,
    _max_size_kb: max,
    _message: `Payloads over ${max} KB are acted on but not kept`,
  };
}
