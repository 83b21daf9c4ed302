import { request } from "undici";

/** More than a thousand droplets with all their metadata; a Registry gone mad must not fill our memory. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;

/** Some frameworks answer `/droplets` with a redirect to `/droplets/`. */
const REDIRECTS_MAX = 2;

const REASON_LENGTH_MAX = 300;

export interface RegistryAddress {
  url: string;
  configuredPath: string | null;
  /** One request, from its first byte to the last of the answer. */
  timeoutMs: number;
  headers: Record<string, string>;
  maxDroplets: number;
}

export interface RegistryQuestion {
  method: "GET" | "POST" | "PATCH";
  path: string;
  body?: unknown;
  /** Gives up early: this process stops. */
  signal?: AbortSignal;
}

export type RegistryAnswer =
  | { kind: "answered"; status: number; text: string }
  | { kind: "unreachable"; reason: string };

/** One request to the Registry with its key and token, bounded in time and size; never rejects. */
export async function askRegistry(
  registry: RegistryAddress,
  question: RegistryQuestion,
): Promise<RegistryAnswer> {
  const timeout = AbortSignal.timeout(Math.max(1, Math.round(registry.timeoutMs)));
  const signal = question.signal ? AbortSignal.any([timeout, question.signal]) : timeout;
  try {
    let url = new URL(registry.url + question.path);
    for (let redirects = 0; ; redirects++) {
      const response = await send(url, registry, question, signal);
      const text = await readText(response.body);
      const next = redirectOf(response, url, question.method);
      if (next === null || redirects === REDIRECTS_MAX) {
        return { kind: "answered", status: response.statusCode, text };
      }
      url = next;
    }
  } catch (error) {
    const tooSlow = `did not answer within ${registry.timeoutMs / 1000} s`;
    return { kind: "unreachable", reason: timeout.aborted ? tooSlow : reasonOf(error) };
  }
}

async function send(
  url: URL,
  { headers }: RegistryAddress,
  { method, body }: RegistryQuestion,
  signal: AbortSignal,
) {
  return await request(url, {
    method,
    headers: {
      accept: "application/json",
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    body: body === undefined ? null : JSON.stringify(body),
    signal,
  });
}

/** Only within the Registry's own origin: its key must not travel anywhere else. */
function redirectOf(
  response: { statusCode: number; headers: Record<string, string | string[] | undefined> },
  from: URL,
  method: string,
): URL | null {
  const { statusCode, headers } = response;
  const keepsMethod = statusCode === 307 || statusCode === 308;
  const isFollowed = keepsMethod || (method === "GET" && [301, 302, 303].includes(statusCode));
  const { location } = headers;
  if (!isFollowed || typeof location !== "string") return null;
  const to = URL.parse(location, from.href);
  return to?.origin === from.origin ? to : null;
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`answered more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** A refused `localhost` is an AggregateError without a message: its code says what happened. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, REASON_LENGTH_MAX);
  const code = "code" in error ? String(error.code) : error.name;
  return (error.message || code).slice(0, REASON_LENGTH_MAX);
}
