import {
  byteSize,
  checkedText,
  count,
  httpUrl,
  keyPrefix,
  logLevel,
  optionalText,
  port,
  readableFile,
  redisUrl,
  seconds,
  text,
} from "@orchestrator/runtime";
import { z } from "zod";
import { parseApiKeys } from "./access/api-keys.ts";
import { parseRateLimit } from "./access/rate-limit.ts";

/** How much longer than a task may take a caller may wait for it. */
const WAIT_BEYOND_TIMEOUT_S = 5;

/** Every environment variable the API reads. All mistakes are reported at once, before anything is opened. */
export const ApiConfig = z.object({
  REDIS_URL: redisUrl("redis://localhost:6379").describe("Where queues, records and lists live"),
  REDIS_TLS_CA: readableFile().describe(
    "PEM file of the CA that signed the certificate of Redis, for TLS with a private CA",
  ),
  REDIS_TLS_CERT: readableFile().describe(
    "PEM file of our certificate, for a Redis that asks for one",
  ),
  REDIS_TLS_KEY: readableFile().describe("PEM file of the key of REDIS_TLS_CERT"),
  KEY_PREFIX: keyPrefix("orchestrator").describe(
    "What all our Redis keys and channels begin with: two orchestrators may share one Redis under different ones",
  ),
  REGISTRY_URL: httpUrl("http://localhost:8000").describe("The mesh's Registry"),
  REGISTRY_CACHE_EXPIRY: seconds(300).describe(
    "After this long without a good sync the list is stale",
  ),
  REGISTRY_CACHE_DIR: optionalText()
    .describe("Folder of the droplet list's snapshot")
    .meta({ alias: "CACHE_DIR", documentedDefault: "/var/cache/fpai, else .data" }),
  TASK_TIMEOUT: seconds(30).describe("timeout_ms of a task that names none, in seconds"),
  TASK_MAX_RETRIES: count(3, { max: 20 }).describe("max_retries of a task that names none"),
  WAIT_MAX: seconds(undefined)
    .describe("The longest a caller is held")
    .meta({ documentedDefault: "TASK_TIMEOUT + 5" }),
  BODY_MAX: byteSize(1024 * 1024).describe("The largest request body taken"),
  RESULT_KEEP: seconds(600).describe("How long a large response body is kept whole"),
  RESULT_MEMORY_MAX: byteSize(256 * 1024 * 1024).describe(
    "What large response bodies may take of Redis together; the oldest go first",
  ),
  MAX_QUEUE_DEPTH: count(200_000, { min: 1 }).describe(
    "Tasks of one droplet that may wait before new ones are refused",
  ),
  WAITERS_MAX: count(2000).describe("Callers that one API process holds at once"),
  WAITERS_PER_CALLER: count(0)
    .describe("Requests of one caller that one API process holds at once; 0 for no limit")
    .meta({ documentedDefault: "0 (off)" }),
  CONNECTIONS_MAX: count(10_000, { min: 1 }).describe(
    "Connections that one API process has at once; further ones are closed as they come",
  ),
  CONNECTIONS_PER_ADDRESS: count(0)
    .describe("The same for one address; leave it off behind a proxy; 0 for no limit")
    .meta({ documentedDefault: "0 (off)" }),
  REQUEST_WITHIN: seconds(30).describe(
    "A request has to arrive within this, its headers within a third of it; slower senders get 408",
  ),
  REDACT_FIELDS: optionalText().describe(
    "Names of more fields, by comma, whose values are kept out of logs and Bull Board",
  ),
  EVENT_STREAMS_MAX: count(500).describe("Event streams that one API process serves at once"),
  HOST: text("0.0.0.0").describe("Address the servers bind to"),
  PORT: port(8001).describe("The API's port; 0 picks a free one"),
  PUBLIC_URL: httpUrl("http://localhost:8001").describe(
    "Where the mesh reaches us: what we register with the Registry",
  ),
  DROPLET_ID: count(2).describe("Our id in the mesh"),
  BUILD_DATE: text("unknown").describe("When this version was built, for GET /version"),
  COMMIT_HASH: text("unknown").describe("What it was built from, for GET /version"),
  API_KEYS: checkedText(apiKeyMistakes).describe(
    "Callers' keys as name:scope+scope:key, by comma; scopes are read, submit, operate; a key may be sha256-<hex>",
  ),
  JWKS_URL: httpUrl().describe("Key set that the mesh's tokens are checked with"),
  JWT_ISSUER: optionalText().describe("What iss of a token has to be"),
  JWT_AUDIENCE: optionalText().describe("What aud of a token has to hold"),
  RATE_LIMIT: checkedText((value) =>
    parseRateLimit(value) === null ? ["must be requests/seconds, such as 100/60"] : [],
  )
    .describe("Requests per seconds for each caller, as 100/60; counted over all processes")
    .meta({ documentedDefault: "off" }),
  OPERATOR_USER: text("operator").describe("User name of the operators' sign-in"),
  OPERATOR_PASSWORD: optionalText().describe(
    "Password of the operators' sign-in; without it their pages answer only to loopback",
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl().describe(
    "OpenTelemetry collector that spans are sent to over OTLP/HTTP; without it nothing is traced",
  ),
  LOG_LEVEL: logLevel("info").describe("Least level that is logged"),
});
export type ApiConfig = z.infer<typeof ApiConfig>;

/** The longest a caller is held, in ms. */
export function waitMaxMs(config: ApiConfig): number {
  return (config.WAIT_MAX ?? config.TASK_TIMEOUT + WAIT_BEYOND_TIMEOUT_S) * 1000;
}

function apiKeyMistakes(value: string): readonly string[] {
  const parsed = parseApiKeys(value);
  return parsed.kind === "invalid" ? [parsed.mistakes.join("; ")] : [];
}
