import { once } from "node:events";
import {
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from "node:http";
import { buffer } from "node:stream/consumers";

export interface SendOptions {
  method?: string;
  /** Any header, Host and hop-by-hop ones included: what a rude caller would send. */
  headers?: OutgoingHttpHeaders;
  /** Sent as JSON with its Content-Type, unless `headers` name another. */
  json?: unknown;
  /** Sent as it is, without a Content-Type of its own. */
  body?: string | Buffer;
  /** Hangs up when aborted. */
  signal?: AbortSignal;
  /** 60 s unless given: a request that is never answered fails the test by itself. */
  timeoutMs?: number;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Parsed when it is JSON, else the text. */
  body: unknown;
  tookMs: number;
}

/**
 * One request over a connection of its own: no keep-alive, so that a server that stops never meets a request
 * of ours on a connection it has just closed.
 */
export async function send(
  { url }: { url: string },
  path: string,
  options: SendOptions = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, json, signal, timeoutMs = 60_000 } = options;
  const startedAt = performance.now();
  const body = json === undefined ? options.body : JSON.stringify(json);
  const limit = AbortSignal.timeout(timeoutMs);
  const target = new URL(url);
  const isChunked = headers["transfer-encoding"] !== undefined;
  const sent = request({
    host: target.hostname,
    port: target.port,
    // As it is: `new URL` would tidy up what a test wants to send untidied.
    path,
    method,
    agent: false,
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    headers: {
      ...(json !== undefined && { "content-type": "application/json" }),
      ...(body !== undefined && !isChunked && { "content-length": Buffer.byteLength(body) }),
      ...headers,
    },
  });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  // What cuts the connection from here on is told by reading the body.
  sent.on("error", () => {});
  const text = (await buffer(response)).toString("utf8");
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    body: parseBody(text),
    tookMs: performance.now() - startedAt,
  };
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: a page, or nothing.
    return text;
  }
}
