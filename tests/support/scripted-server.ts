import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { boundPort } from "./free-port.ts";
import { performStep, type Step } from "./step.ts";
import { waitFor, type WaitOptions } from "./wait-for.ts";

/** One request as it came, and what became of it. */
export interface RecordedRequest {
  method: string;
  /** With the query, as it came. */
  path: string;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  /** The body when it is JSON, else undefined. */
  json: unknown;
  /** X-Task-Id and X-Attempt, for calls that carry them. */
  taskId: string | null;
  attempt: number | null;
  /** How many requests of this task have come, this one included. */
  nthOfTask: number;
  arrivedAt: number;
  /** When the answer was out, or the caller had hung up; null while neither has happened. */
  endedAt: number | null;
  /** The caller hung up before the answer was out. */
  wasAbandoned: boolean;
}

type Decide = (request: RecordedRequest) => Step;

/** A real HTTP server on loopback that does what a test says and remembers everything it was asked. */
export class ScriptedServer implements AsyncDisposable {
  readonly requests: RecordedRequest[] = [];
  readonly #decide: Decide;
  readonly #hanging = new Set<ServerResponse>();
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #port = 0;

  constructor(decide: Decide) {
    this.#decide = decide;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** How many requests are being left without an answer right now. */
  get hanging(): number {
    return this.#hanging.size;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** Listens; after a `stop` on the same port as before. */
  async start(): Promise<this> {
    const server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
    // Connections stay open as long as the caller likes: what ends them is for the test to say.
    server.keepAliveTimeout = 0;
    server.requestTimeout = 0;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#server = server;
    this.#port = boundPort(server);
    return this;
  }

  /** Refuses connections from now on and cuts those there are. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Answers everything that hangs. @returns how many there were */
  async release(step: Exclude<Step, "hang"> = 200): Promise<number> {
    const released = [...this.#hanging];
    this.#hanging.clear();
    await Promise.all(released.map(async (response) => await performStep(step, response)));
    return released.length;
  }

  /** Resolves when at least so many requests hang. */
  async untilHanging(count: number, options?: WaitOptions): Promise<void> {
    const what = `${count} hanging requests`;
    await waitFor(what, () => this.#hanging.size >= count, options);
  }

  /** Resolves with all requests that fit when there are at least so many. */
  async untilRequests(
    count: number,
    fits: (request: RecordedRequest) => boolean = () => true,
    options?: WaitOptions,
  ): Promise<RecordedRequest[]> {
    return await waitFor(
      `${count} requests`,
      () => {
        const found = this.requests.filter(fits);
        if (found.length < count) throw new Error(`there are ${found.length}`);
        return found;
      },
      options,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const recorded = this.#record(request, await buffer(request));
    response.on("close", () => {
      recorded.endedAt = Date.now();
      recorded.wasAbandoned = !response.writableFinished;
      this.#hanging.delete(response);
    });
    const step = this.#decide(recorded);
    if (step === "hang") this.#hanging.add(response);
    else await performStep(step, response);
  }

  #record(request: IncomingMessage, bytes: Buffer): RecordedRequest {
    const taskId = headerOf(request, "x-task-id");
    const attempt = headerOf(request, "x-attempt");
    const earlier = this.requests.filter((one) => one.taskId === taskId).length;
    const recorded: RecordedRequest = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      bytes,
      json: parseJson(bytes),
      taskId,
      attempt: attempt === null ? null : Number(attempt),
      nthOfTask: earlier + 1,
      arrivedAt: Date.now(),
      endedAt: null,
      wasAbandoned: false,
    };
    this.requests.push(recorded);
    return recorded;
  }
}

function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name];
  return typeof value === "string" ? value : null;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    // A body that is no JSON, or none at all.
    return undefined;
  }
}
