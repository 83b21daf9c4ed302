import type { Response } from "express";
import { Refusal } from "../http/refusal.ts";
import { EventStream, type EventStreamLimits } from "./event-stream.ts";

const HEARTBEAT_MS = 15_000;
const BUFFER_BYTES_MAX = 512 * 1024;

/** A client that was refused may try again after this. */
const RETRY_AFTER_S = 5;

const DEFAULT_LIMITS: EventStreamLimits = {
  heartbeatMs: HEARTBEAT_MS,
  bufferBytesMax: BUFFER_BYTES_MAX,
};

/** Every event stream of this process: bounded in number, and closed at once when the process stops. */
export class EventStreams {
  readonly #streamsMax: number;
  readonly #limits: EventStreamLimits;
  readonly #open = new Set<EventStream>();
  #isClosed = false;

  constructor(streamsMax: number, limits: EventStreamLimits = DEFAULT_LIMITS) {
    this.#streamsMax = streamsMax;
    this.#limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Takes a place, which is free again when the response closes. @throws {Refusal} OVERLOADED */
  admit(response: Response): EventStream {
    if (this.#isClosed || this.#open.size >= this.#streamsMax) {
      const message = this.#isClosed ? "This process is stopping" : "Too many event streams";
      const details = { streams_max: this.#streamsMax };
      throw new Refusal("OVERLOADED", message, details, { retryAfterS: RETRY_AFTER_S });
    }
    const stream = new EventStream(response, this.#limits);
    this.#open.add(stream);
    stream.onClose(() => this.#open.delete(stream));
    return stream;
  }

  /** Ends every stream and admits no new one: clients reconnect, to another process. */
  close(): void {
    this.#isClosed = true;
    for (const stream of this.#open) stream.close();
  }
}
