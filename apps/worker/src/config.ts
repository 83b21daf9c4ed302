import { compilePolicy, type AddressPolicy, type DropletLimits } from "@orchestrator/core";
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

const items = (list: string | undefined): string[] =>
  (list ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean);

/** Every environment variable the worker reads. All mistakes are reported at once, before anything is opened. */
export const WorkerConfig = z.object({
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
  REGISTRY_SYNC_INTERVAL: seconds(60).describe("How often the droplet list is fetched"),
  REGISTRY_TIMEOUT: seconds(5).describe("How long one request to the Registry may take"),
  REGISTRY_CACHE_EXPIRY: seconds(300).describe(
    "After this long without a good sync the list is stale",
  ),
  REGISTRY_CACHE_DIR: optionalText()
    .describe("Folder of the droplet list's snapshot")
    .meta({ alias: "CACHE_DIR", documentedDefault: "/var/cache/fpai, else .data" }),
  REGISTRY_PATH: optionalText().describe(
    "The one path of the list, instead of trying the known ones",
  ),
  REGISTRY_KEY: optionalText().describe("Sent to the Registry as X-Registry-Key"),
  REGISTRY_TOKEN: optionalText().describe("Sent to the Registry as a Bearer token"),
  PUBLIC_URL: httpUrl("http://localhost:8001").describe(
    "Where the mesh reaches us: what we register with the Registry",
  ),
  DROPLET_ID: count(2).describe("Our id in the mesh"),
  DROPLETS_MAX: count(1000, { min: 1, max: 100_000 }).describe("Entries of the list that are used"),
  TASK_MAX_HISTORY: count(10_000, { min: 1 }).describe("How many ended tasks are kept"),
  RESPONSE_BODY_MAX: byteSize(1024 * 1024).describe("The largest response body taken"),
  RESULT_KEEP: seconds(600).describe("How long a large response body is kept whole"),
  RESULT_MEMORY_MAX: byteSize(256 * 1024 * 1024).describe(
    "What large response bodies may take of Redis together; the oldest go first",
  ),
  DROPLET_CONCURRENCY: count(50, { min: 1, max: 10_000 }).describe(
    "Tasks of one droplet that one worker process runs at once",
  ),
  REDACT_FIELDS: optionalText().describe(
    "Names of more fields, by comma, whose values are kept out of logs and Bull Board",
  ),
  DROPLET_GLOBAL_CONCURRENCY: count(undefined, { min: 1, max: 100_000 })
    .describe(
      "Tasks of one droplet that all workers together run at once, where no operator said otherwise",
    )
    .meta({ documentedDefault: "unlimited" }),
  DROPLET_GLOBAL_RATE: checkedText((value) =>
    parseRate(value) === null ? ["must be attempts/seconds, such as 100/1"] : [],
  )
    .describe(
      "Attempts per seconds of one droplet, as 100/1, by all workers together, where no operator said otherwise",
    )
    .meta({ documentedDefault: "unlimited" }),
  DROPLET_FORGET_AFTER: seconds(86_400).describe(
    "After this long off the list and without a task a droplet's queue, pause, circuit and limits are forgotten",
  ),
  DROPLET_ALLOWED_HOSTS: checkedText((value) =>
    policyMistakes({ allowedHosts: items(value), deniedNetworks: [] }),
  ).describe("Hosts that may be called: names or *.suffix, by comma"),
  DROPLET_DENIED_NETWORKS: checkedText((value) =>
    policyMistakes({ allowedHosts: [], deniedNetworks: items(value) }),
  ).describe("Networks never called, in CIDR form, by comma"),
  SHUTDOWN_GRACE: seconds(20).describe("How long running attempts may go on after a stop signal"),
  HOST: text("0.0.0.0").describe("Address the servers bind to"),
  WORKER_PORT: port(8002).describe("The worker's health and metrics; 0 picks a free one"),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl().describe(
    "OpenTelemetry collector that spans are sent to over OTLP/HTTP; without it nothing is traced",
  ),
  LOG_LEVEL: logLevel("info").describe("Least level that is logged"),
});
export type WorkerConfig = z.infer<typeof WorkerConfig>;

/** What all workers together may use of a droplet, unless an operator said otherwise. */
export function defaultLimits(config: WorkerConfig): DropletLimits {
  const { DROPLET_GLOBAL_CONCURRENCY: concurrency, DROPLET_GLOBAL_RATE: rate } = config;
  return {
    concurrency: concurrency ?? null,
    rate: rate === undefined ? null : parseRate(rate),
  };
}

/** Of the same size as the limits an operator can set: up to a million in up to an hour. */
function parseRate(rateText: string): DropletLimits["rate"] {
  const [, max, perS] = /^(\d{1,7})\/(\d{1,4})$/.exec(rateText) ?? [];
  const rate = { max: Number(max), perMs: Number(perS) * 1000 };
  const isWithin =
    rate.max >= 1 && rate.max <= 1_000_000 && rate.perMs >= 1 && rate.perMs <= 3_600_000;
  return isWithin ? rate : null;
}

function policyMistakes(lists: Parameters<typeof compilePolicy>[0]): readonly string[] {
  const compiled = compilePolicy(lists);
  return compiled.kind === "invalid" ? compiled.mistakes : [];
}

/** Which addresses may be called, parsed once. The schema has refused what cannot be parsed. */
export function addressPolicy(config: WorkerConfig): AddressPolicy {
  const compiled = compilePolicy({
    allowedHosts: items(config.DROPLET_ALLOWED_HOSTS),
    deniedNetworks: items(config.DROPLET_DENIED_NETWORKS),
  });
  if (compiled.kind === "invalid") throw new Error(compiled.mistakes.join("; "));
  return compiled.policy;
}
