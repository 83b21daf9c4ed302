import type { Redis } from "../redis/redis.ts";
import type { EventLog, LoggedEvent } from "./event-log.ts";
import { EventReader } from "./event-reader.ts";

/** Hears of events in their order, some at a time; each event once. */
export type EventListener = (events: readonly LoggedEvent[]) => void;

export interface Following {
  /** The id up to which the listener has been told. */
  readonly position: string;
  stop(): void;
}

export interface EventFeedOptions {
  log: EventLog;
  /** Opens a connection for the reader alone. */
  connect: () => Redis;
  /** Has told what tasks did that are not listed yet: who follows is not to wait for it. */
  listUnlisted: () => Promise<void>;
  onError: (error: unknown) => void;
}

/** How often, while somebody follows, tasks are listed that were just accepted. */
const LIST_MS = 50;

/** One reader of the stream for everyone in this process who follows it; none while nobody does. */
export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #listeners = new Set<EventListener>();
  #reader: Promise<EventReader> | null = null;
  #listing: NodeJS.Timeout | undefined;

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  /** The stream itself, for what came before one followed. */
  get log(): EventLog {
    return this.#options.log;
  }

  /** Everything after the position it resolves with reaches the listener. @throws when Redis is away */
  async follow(listener: EventListener): Promise<Following> {
    this.#listeners.add(listener);
    const opening = (this.#reader ??= this.#open());
    try {
      const reader = await opening;
      return {
        get position() {
          return reader.position;
        },
        stop: () => this.#leave(listener),
      };
    } catch (error) {
      this.#listeners.delete(listener);
      if (this.#reader === opening) this.#reader = null;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#stopReading();
  }

  async #open(): Promise<EventReader> {
    const { log, connect, listUnlisted, onError } = this.#options;
    const position = await log.lastId();
    clearInterval(this.#listing);
    // A process that stops while this opens is not to be kept from it.
    this.#listing = setInterval(() => void listUnlisted().catch(onError), LIST_MS).unref();
    return new EventReader({
      log,
      redis: connect(),
      position,
      onEvents: (events) => {
        for (const listener of this.#listeners) listener(events);
      },
      onError,
    });
  }

  #leave(listener: EventListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) this.#stopReading().catch(this.#options.onError);
  }

  async #stopReading(): Promise<void> {
    const opening = this.#reader;
    this.#reader = null;
    clearInterval(this.#listing);
    const reader = await opening?.catch(() => null);
    reader?.close();
  }
}
