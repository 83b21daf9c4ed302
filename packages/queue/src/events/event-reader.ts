import { setTimeout } from "node:timers/promises";
import type { Redis } from "../redis/redis.ts";
import type { EventLog, LoggedEvent } from "./event-log.ts";

/** One read waits this long in Redis; `connect` must allow a silence that is longer. */
const BLOCK_MS = 5000;

/** A connection that says nothing for so long is dead: it is cut, made anew, and reading goes on. */
export const READER_SILENCE_MS_MAX = 3 * BLOCK_MS;

/** Entries per read: bounds what a burst costs at a time. */
const READ_MAX = 500;

const AFTER_ERROR_MS = 500;

export interface EventReaderOptions {
  log: EventLog;
  /** Its own: it is blocked nearly all the time. */
  redis: Redis;
  position: string;
  onEvents: (events: readonly LoggedEvent[]) => void;
  onError: (error: unknown) => void;
}

/** Reads the stream from a position on until it is closed; when Redis was away it goes on where it stopped. */
export class EventReader {
  readonly #options: EventReaderOptions;
  #position: string;
  #isClosed = false;

  constructor(options: EventReaderOptions) {
    this.#options = options;
    this.#position = options.position;
    void this.#read();
  }

  /** The id of the last event that was handed on. */
  get position(): string {
    return this.#position;
  }

  close(): void {
    this.#isClosed = true;
    this.#options.redis.disconnect();
  }

  async #read(): Promise<void> {
    const { log, redis, onEvents, onError } = this.#options;
    while (!this.#isClosed) {
      try {
        const events = await log.next(redis, this.#position, BLOCK_MS, READ_MAX);
        this.#position = events.at(-1)?.id ?? this.#position;
        if (events.length > 0) onEvents(events);
      } catch (error) {
        // The closing itself breaks the read that waits.
        if (this.#isClosed) return;
        onError(error);
        await setTimeout(AFTER_ERROR_MS);
      }
    }
  }
}
