import { once } from "node:events";
import { request, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { TaskEvent } from "@orchestrator/contract";
import { waitFor, within, type WaitOptions } from "./wait-for.ts";

/** One server-sent event as the wire had it. */
export interface ReceivedEvent {
  id: string;
  event: string;
  data: unknown;
}

export interface EventReaderOptions {
  lastEventId?: string;
  headers?: Record<string, string>;
}

/**
 * A client of server-sent events that sees every block of the wire, comments and bare ids included:
 *
 *     await using events = await readEvents(api, `/orchestrator/tasks/${id}/events`);
 *     await events.untilEnd();
 *     expect(events.names).toEqual(["queued", "running", "success"]);
 */
export class EventReader implements AsyncDisposable {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly events: ReceivedEvent[] = [];
  /** Every block as it came, without the empty line that ends it. */
  readonly blocks: string[] = [];
  /** What a browser would send as Last-Event-ID. */
  lastEventId = "";
  readonly #response: IncomingMessage;
  readonly #closed: Promise<void>;
  #rest = "";

  constructor(response: IncomingMessage) {
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    this.#response = response;
    response.setEncoding("utf8");
    response.on("data", (text: string) => this.#take(text));
    response.on("error", () => {});
    this.#closed = new Promise((resolve) => {
      response.on("close", resolve);
    });
  }

  get names(): string[] {
    return this.events.map(({ event }) => event);
  }

  /** What the events say, their shape checked against the contract. */
  get data(): TaskEvent[] {
    return this.events.map(({ data }) => TaskEvent.parse(data));
  }

  /** Whether the stream was ended properly, and not cut. */
  get wasEnded(): boolean {
    return this.#response.complete;
  }

  async untilCount(count: number, options?: WaitOptions): Promise<void> {
    await waitFor(`${count} events`, () => this.events.length >= count, options);
  }

  /** Resolves when the server has closed the stream. */
  async untilEnd(timeoutMs = 10_000): Promise<void> {
    await within(timeoutMs, `the end of the stream after ${this.names.join(" ")}`, this.#closed);
  }

  hangUp(): void {
    this.#response.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp();
    await this.#closed;
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    for (const block of blocks) this.#takeBlock(block);
  }

  #takeBlock(block: string): void {
    this.blocks.push(block);
    const fields = new Map(
      block.split("\n").map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon), line.slice(colon + 1).trimStart()] as const;
      }),
    );
    this.lastEventId = fields.get("id") ?? this.lastEventId;
    const data = fields.get("data");
    if (data === undefined) return;
    const event = fields.get("event") ?? "message";
    this.events.push({ id: this.lastEventId, event, data: JSON.parse(data) });
  }
}

/** Connects and resolves when the headers are there, whatever they say. */
export async function readEvents(
  { url }: { url: string },
  path: string,
  { lastEventId, headers }: EventReaderOptions = {},
): Promise<EventReader> {
  const sent = request(new URL(path, url), {
    agent: false,
    headers: { ...headers, ...(lastEventId !== undefined && { "last-event-id": lastEventId }) },
  });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  sent.on("error", () => {});
  return new EventReader(response);
}
