import { once } from "node:events";
import type { Response } from "express";

/** How soon a client whose stream broke is to come back. */
const RECONNECT_AFTER_MS = 2000;

/** A client that takes nothing for so long while it catches up is gone. */
const DRAIN_MS_MAX = 15_000;

const HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-store",
  // nginx would hold events back until its buffer is full.
  "X-Accel-Buffering": "no",
};

export interface EventStreamLimits {
  /** A comment is sent this often, so that nobody in between takes the connection for dead. */
  heartbeatMs: number;
  /** A client that leaves more than this unread is dropped; it may come back and resume. */
  bufferBytesMax: number;
}

/** One client's stream of server-sent events (WHATWG HTML, 9.2): admitted first, then begun, then written to. */
export class EventStream {
  readonly #response: Response;
  readonly #limits: EventStreamLimits;
  readonly #closing = new AbortController();
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(response: Response, limits: EventStreamLimits) {
    this.#response = response;
    this.#limits = limits;
    response.once("close", () => {
      clearInterval(this.#heartbeat);
      this.#closing.abort();
    });
    if (response.destroyed) this.#closing.abort();
  }

  get isOpen(): boolean {
    return !this.#closing.signal.aborted && !this.#response.writableEnded;
  }

  /** However it came to be closed: by us, by the client, or because another answer was given instead. */
  onClose(listener: () => void): void {
    if (this.#closing.signal.aborted) listener();
    else this.#closing.signal.addEventListener("abort", listener, { once: true });
  }

  /** Sends the headers. @param onHeartbeat called after each heartbeat */
  begin(onHeartbeat: () => void): void {
    this.#response.status(200).set(HEADERS);
    if (this.#response.req.method === "HEAD") {
      this.close();
      return;
    }
    this.#response.flushHeaders();
    this.send(`retry: ${RECONNECT_AFTER_MS}\n\n`);
    this.#heartbeat = setInterval(() => {
      this.send(":\n\n");
      onHeartbeat();
    }, this.#limits.heartbeatMs).unref();
  }

  /** Writes whole blocks. Drops the client when too much lies unread. */
  send(blocks: string): void {
    if (!this.isOpen || blocks === "") return;
    this.#response.write(blocks);
    if (this.#response.writableLength > this.#limits.bufferBytesMax) this.#response.destroy();
  }

  /** Resolves when the client has taken what was sent, or is gone. */
  async untilDrained(): Promise<void> {
    if (!this.isOpen || !this.#response.writableNeedDrain) return;
    const tooLong = AbortSignal.timeout(DRAIN_MS_MAX);
    const signal = AbortSignal.any([this.#closing.signal, tooLong]);
    try {
      await once(this.#response, "drain", { signal });
    } catch {
      // Nobody reads: whoever comes back resumes where it stopped.
      this.#response.destroy();
    }
  }

  /** Ends the stream properly: all that was sent arrives. */
  close(): void {
    clearInterval(this.#heartbeat);
    if (this.isOpen) this.#response.end();
  }
}
