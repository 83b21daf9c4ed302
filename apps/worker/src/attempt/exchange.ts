import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { AttemptStop } from "./running-attempts.ts";

export interface ExchangeRequest {
  url: URL;
  method: string;
  headers: Record<string, string>;
  body: string | null;
  responseBytesMax: number;
  /** The attempt's limit, a cancellation, a worker that stops. */
  stopping: AttemptStop;
}

/** What happened on the socket. */
export type Exchange =
  | { kind: "answered"; status: number; headers: IncomingHttpHeaders; body: Buffer }
  /** More body than is taken: the rest was not read. */
  | { kind: "too_large"; status: number; headers: IncomingHttpHeaders }
  | { kind: "failed"; error: unknown; wasSent: boolean; status: number | null };

/**
 * One HTTP request from first byte to last; never rejects. Uses undici's own handler interface, because only
 * there one learns whether the request was about to be written: that is what tells `not_sent` from
 * `sent_no_response`.
 */
export async function exchangeWithDroplet(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
): Promise<Exchange> {
  const stopped = request.stopping.reason;
  if (stopped !== null) return { kind: "failed", error: stopped, wasSent: false, status: null };
  const { promise, resolve } = Promise.withResolvers<Exchange>();
  const handler = new ExchangeHandler(request, resolve);
  try {
    dispatcher.dispatch(
      {
        origin: request.url.origin,
        path: request.url.pathname + request.url.search,
        method: request.method,
        headers: request.headers,
        body: request.body,
      },
      handler,
    );
  } catch (error) {
    handler.fail(error);
  }
  return await promise;
}

class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #request: ExchangeRequest;
  readonly #resolve: (happened: Exchange) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #status: number | null = null;
  #headers: IncomingHttpHeaders = {};
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(request: ExchangeRequest, resolve: (happened: Exchange) => void) {
    this.#request = request;
    this.#resolve = resolve;
    request.stopping.onStop((reason) => {
      this.fail(reason);
      this.#controller?.abort(reason);
    });
  }

  /** The connection stands and the next thing undici does is write: from here on it counts as sent. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#request.stopping.reason !== null) {
      controller.abort(new Error("stopped before anything was sent"));
      return;
    }
    this.#controller = controller;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    if (Number(headers["content-length"] ?? 0) > this.#request.responseBytesMax) {
      this.#tooLarge(controller);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#request.responseBytesMax) this.#tooLarge(controller);
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#finish({
      kind: "answered",
      status: this.#status ?? 0,
      headers: this.#headers,
      body: Buffer.concat(this.#chunks),
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
  }

  fail(error: unknown): void {
    const wasSent = this.#controller !== null;
    this.#finish({ kind: "failed", error, wasSent, status: this.#status });
  }

  #tooLarge(controller: Dispatcher.DispatchController): void {
    this.#finish({ kind: "too_large", status: this.#status ?? 0, headers: this.#headers });
    controller.abort(new Error("response too large"));
  }

  /** The first word counts: resolving again changes nothing. */
  #finish(happened: Exchange): void {
    this.#request.stopping.onStop(null);
    this.#resolve(happened);
  }
}
