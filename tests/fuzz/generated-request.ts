import { openApiDocument } from "@orchestrator/contract";
import type { SeededRandom } from "../chaos/seeded-random.ts";

export interface GeneratedRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | null;
}

const OPERATIONS = Object.entries(openApiDocument({ version: "0", serverUrl: "/" }).paths).flatMap(
  ([path, operations]) => Object.keys(operations).map((method) => ({ method, path })),
);

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];
/** Mostly the two that there are. */
const PREFIXES = [
  ...Array.from({ length: 10 }, () => ["", "/orchestrator"]).flat(),
  "/ORCHESTRATOR",
  "/",
  "/orchestrator/orchestrator",
];
const IDS = [
  "echo",
  "gone",
  "550e8400-e29b-41d4-a716-446655440000",
  "%00",
  "%",
  "%ff%fe",
  "..",
  "%2e%2e",
  "*",
  "{",
  "a".repeat(3000),
  "__proto__",
  "%F0%9F%92%A9",
];
const FIELDS = [
  "droplet_name",
  "method",
  "path",
  "payload",
  "headers",
  "meta",
  "priority",
  "delay_ms",
  "deadline_ms",
  "timeout_ms",
  "attempt_timeout_ms",
  "max_retries",
  "delivery",
  "when_open",
  "callback",
  "tasks",
  "status",
  "since",
  "until",
  "dry_run",
  "target",
  "source",
  "message_type",
  "retry_count",
  "trace_id",
  "udc_version",
  "concurrency",
  "rate",
  "state",
  "metrics",
  "__proto__",
  "constructor",
];
const WORDS = [
  "",
  "echo",
  "GET",
  "POST",
  "/",
  "/x?y=1",
  "//evil.example/",
  "@evil.example",
  "\\\\evil",
  "true",
  "false",
  "-1",
  "0",
  "1e999",
  "99999999999999999999",
  "null",
  "\u0000",
  "a\r\nX: y",
  "\u{1F4A9}",
  "\uD800",
  "status",
  "command",
  "query",
  "success",
  "error",
  "open",
  "closed",
  "auto",
  "x".repeat(5000),
  "' OR 1=1",
  "${7*7}",
  "../../etc/passwd",
];
const QUERIES = [
  "wait",
  "limit",
  "cursor",
  "status",
  "droplet_name",
  "since",
  "until",
  "dry_run",
  "last_event_id",
  "source",
  "message_type",
  "trace_id",
  "nonsense",
];
const HEADERS = [
  "prefer",
  "idempotency-key",
  "traceparent",
  "x-trace-id",
  "authorization",
  "x-api-key",
  "accept",
  "origin",
  "x-orchestrator-hops",
  "last-event-id",
  "if-none-match",
  "range",
  "expect",
  "content-encoding",
  "x-forwarded-for",
  "cookie",
];

/** One request: of the document, with what it wants or with what nobody would send. */
export function generateRequest(random: SeededRandom): GeneratedRequest {
  const pick = <Item>(items: readonly Item[]): Item => items[below(random, items.length)] as Item;
  const isLikely = (percent: number): boolean => below(random, 100) < percent;
  const operation = pick(OPERATIONS);
  const place = isLikely(95) ? operation.path : `/${pick(WORDS)}`;
  const filled = place.replaceAll(/\{\w+\}/g, () => pick(IDS));
  const query = Array.from(
    { length: below(random, 4) },
    () => `${pick(QUERIES)}=${encode(pick(WORDS))}`,
  );
  const asked = query.length > 0 ? `?${query.join("&")}` : "";
  const headers: Record<string, string> = {};
  for (let n = below(random, 4); n > 0; n -= 1) headers[pick(HEADERS)] = headerText(pick(WORDS));
  // Nobody answers `100 Continue` to a client that does not wait for it.
  delete headers["expect"];
  const method = isLikely(85) ? operation.method.toUpperCase() : pick(METHODS);
  const hasBody = method !== "GET" && method !== "HEAD" && isLikely(85);
  if (hasBody && isLikely(90))
    headers["content-type"] = isLikely(90) ? "application/json" : "text/plain";
  return {
    method,
    path: `${pick(PREFIXES)}${plain(filled)}${asked}`,
    headers,
    body: hasBody ? bodyText() : null,
  };

  function bodyText(): string {
    const text = JSON.stringify(
      isLikely(60) ? { droplet_name: "echo", path: "/", ...fields(2) } : anything(0),
    );
    if (isLikely(90)) return text;
    return isLikely(50)
      ? text.slice(0, below(random, text.length + 1))
      : `${"[".repeat(below(random, 5000))}${text}`;
  }

  function fields(depth: number): object {
    return Object.fromEntries(
      Array.from({ length: below(random, 5) }, () => [pick(FIELDS), anything(depth)]),
    );
  }

  function anything(depth: number): unknown {
    const kind = below(random, depth > 3 ? 5 : 7);
    if (kind === 0) return pick([null, true, false]);
    if (kind === 1) return pick([0, -1, 1, 3.5, 1e308, 2 ** 53, -0]);
    if (kind === 5) return Array.from({ length: below(random, 4) }, () => anything(depth + 1));
    if (kind === 6) return fields(depth + 1);
    return pick(WORDS);
  }
}

/** Bytes for a socket: a request that was damaged, or noise. */
export function generateBytes(random: SeededRandom): Buffer {
  const noise = Buffer.from(Array.from({ length: below(random, 400) }, () => below(random, 256)));
  if (below(random, 4) === 0) return noise;
  const { method, path, headers, body } = generateRequest(random);
  const lines = [`${method} ${path} HTTP/1.1`, "Host: 127.0.0.1", "Connection: close"];
  const length = body === null ? [] : [`Content-Length: ${body.length + below(random, 3)}`];
  const all = [
    ...lines,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...length,
  ];
  const bytes = Buffer.from(`${all.join("\r\n")}\r\n\r\n${body ?? ""}`);
  for (let n = below(random, 6); n > 0; n -= 1)
    bytes[below(random, bytes.length)] = below(random, 256);
  return below(random, 3) === 0 ? bytes.subarray(0, below(random, bytes.length)) : bytes;
}

/** From 0 up to, but not including, `count`. */
function below(random: SeededRandom, count: number): number {
  return Math.floor(random.next() * count);
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** What Node's client would refuse to send itself is for the raw bytes. */
function plain(path: string): string {
  return path.replaceAll(/[^\x21-\x7e]/g, "%01");
}

function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "");
}
