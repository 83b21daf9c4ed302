import { baseUrl } from "./base-url.ts";
import { RefusedError, UnexpectedAnswerError, UnreachableError } from "./orchestrator-error.ts";
import { readAnswer, type Answer } from "./read-answer.ts";
import { isWorthRepeating, repeatDelayMs, type Repeatability } from "./repeat-decision.ts";
import { sleep } from "./sleep.ts";

export interface TransportOptions {
  /** `http://host:8001`; with a path when a proxy serves the API somewhere else than under `/orchestrator`. */
  url: string;
  /** An API key, or a token of the mesh: sent as `Authorization: Bearer`. */
  apiKey?: string;
  /** Sent with every request: for proxies, and for tracing. */
  headers?: Record<string, string>;
  /** How long after its first failure a request is repeated, in ms; 30,000 unless given, 0 for never. */
  retryForMs?: number;
  /** How long one answer may take, beside what it was asked to wait, in ms; 15,000 unless given. */
  requestTimeoutMs?: number;
}

export interface Call {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below the prefix: `/tasks`. */
  path: string;
  query?: object;
  json?: unknown;
  headers?: Record<string, string>;
  repeatability: Repeatability;
  /** How long the service was asked to hold the request, in ms. */
  heldMs?: number;
  signal?: AbortSignal | undefined;
}

const RETRY_FOR_MS = 30_000;
const REQUEST_TIMEOUT_MS = 15_000;

/** Sends requests, repeats those that may be repeated, and turns every failure into an error with a code. */
export class Transport {
  readonly #base: URL;
  readonly #headers: Record<string, string>;
  readonly #retryForMs: number;
  readonly #requestTimeoutMs: number;

  constructor({ url, apiKey, headers, ...limits }: TransportOptions) {
    this.#base = baseUrl(url);
    this.#headers = { ...headers, ...(apiKey && { authorization: `Bearer ${apiKey}` }) };
    this.#retryForMs = limits.retryForMs ?? RETRY_FOR_MS;
    this.#requestTimeoutMs = limits.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  }

  get origin(): string {
    return this.#base.origin;
  }

  /** @throws {RefusedError | UnreachableError | UnexpectedAnswerError}, and the reason of an aborted signal */
  async call(call: Call): Promise<Answer> {
    return await this.repeatedly(call.repeatability, call.signal, async () => {
      const limitMs = this.#requestTimeoutMs + (call.heldMs ?? 0);
      return await this.#exchange(call, limitMs);
    });
  }

  /** Does it again as long as that may help: until `retryForMs` after the first failure. */
  async repeatedly<Result>(
    repeatability: Repeatability,
    signal: AbortSignal | undefined,
    work: () => Promise<Result>,
  ): Promise<Result> {
    let failures = 0;
    let until = Infinity;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        signal?.throwIfAborted();
        if (failures++ === 0) until = Date.now() + this.#retryForMs;
        const asked = error instanceof RefusedError ? error.retryAfterMs : null;
        const delayMs = repeatDelayMs(failures, asked, Math.random());
        if (!isWorthRepeating(error, repeatability) || Date.now() + delayMs > until) throw error;
        await sleep(delayMs, signal);
      }
    }
  }

  /**
   * One request; its answer is there when its headers are.
   * @throws {UnreachableError}, and the reason of an aborted signal
   */
  async open(call: Call, signal: AbortSignal | undefined): Promise<Response> {
    call.signal?.throwIfAborted();
    try {
      return await fetch(this.#urlOf(call), {
        method: call.method,
        headers: {
          accept: "application/json",
          ...(call.json !== undefined && { "content-type": "application/json" }),
          ...this.#headers,
          ...call.headers,
        },
        ...(call.json !== undefined && { body: JSON.stringify(call.json) }),
        // A redirect would carry the key to wherever it points.
        redirect: "manual",
        ...(signal && { signal }),
      });
    } catch (cause) {
      throw this.#unreachable(call, cause);
    }
  }

  async #exchange(call: Call, limitMs: number): Promise<Answer> {
    const limit = AbortSignal.timeout(limitMs);
    const signal = call.signal ? AbortSignal.any([call.signal, limit]) : limit;
    const response = await this.open(call, signal);
    if (response.status < 200 || (response.status >= 300 && response.status < 400)) {
      throw new UnexpectedAnswerError(response.status, "a redirect, which is not followed");
    }
    try {
      const answer = await readAnswer(response);
      if (call.headers?.["accept"] !== undefined || isDocument(answer.body)) return answer;
      throw new UnexpectedAnswerError(response.status, String(answer.body));
    } catch (error) {
      if (error instanceof RefusedError || error instanceof UnexpectedAnswerError) throw error;
      throw this.#unreachable(call, error);
    }
  }

  #unreachable(call: Call, cause: unknown): unknown {
    if (call.signal?.aborted) return call.signal.reason;
    return new UnreachableError(this.origin, reasonOf(cause), { cause });
  }

  #urlOf({ path, query = {} }: Call): URL {
    const url = new URL(this.#base.href + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }
}

/** Every answer of the API is an object, unless something else was asked for. */
function isDocument(body: unknown): boolean {
  return typeof body === "object" && body !== null;
}

/** Why fetch failed: what matters is in the cause, as deep as it goes. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer in time";
  if (error.cause instanceof Error) return reasonOf(error.cause);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "ECONNREFUSED") return "connection refused";
  if (code === "ENOTFOUND") return "no such host";
  return error.message || code || error.name;
}
