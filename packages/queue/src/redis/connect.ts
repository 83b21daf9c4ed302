import { Cluster, Redis as Single, type RedisOptions } from "ioredis";
import { afterAwake } from "./awake-time.ts";
import { defineScripts } from "./lua-script.ts";
import { parseRedisAddress, type Node, type RedisAddress } from "./redis-address.ts";
import { explainTlsTrouble, type RedisTls } from "./redis-tls.ts";
import type { Redis } from "./redis.ts";

/** Reconnects quickly at first and never gives up: 100 ms doubling to 2 s. */
const reconnectDelayMs = (times: number): number => Math.min(100 * 2 ** Math.min(times, 5), 2000);

/**
 * A connection on which nothing is said for this long is tried by the system, and given up ten seconds later: whoever
 * listens would not notice that the network between has forgotten it.
 */
const KEEP_ALIVE_MS = 10_000;

/** How long a TCP connection may take to come up. */
const CONNECT_TIMEOUT_MS = 5000;

/** Of a Sentinel that hangs the next one is asked after this. */
const SENTINEL_TIMEOUT_MS = 1000;

/** How often a connection to a Cluster looks who serves which slots: a machine that vanished closes nothing. */
const SLOTS_REFRESH_MS = 10_000;

/** A moved slot is asked for again after this: while a failover is under way the nodes send us in circles. */
const MOVED_PAUSE_MS = 20;

/** At 100 ms each, within what a caller who is to be answered at once can wait. */
const REDIRECTIONS_IN_HASTE = 8;

export interface ConnectOptions {
  /** As `parseRedisAddress` reads it. */
  url: string;
  /** For `rediss://` and `tls=true`; without it the system's CAs are trusted. */
  tls?: RedisTls | undefined;
  /** Shown by CLIENT LIST: who holds this connection. */
  name: string;
  /** Connection trouble is reported here, once per event; it heals by itself. */
  onError: (error: unknown) => void;
}

/** How replies are shaped decides over the type of a connection, so that it must not be open. */
type Options = Omit<RedisOptions, "replyMapping">;

/** A Redis that hangs does not say good-bye: a connection that was closed is cut off after this. */
const DISCONNECT_TIMEOUT_MS = 200;

/** How a connection behaves while Redis is away. */
export type Manners = Pick<
  RedisOptions,
  | "enableOfflineQueue"
  | "maxRetriesPerRequest"
  | "commandTimeout"
  | "enableAutoPipelining"
  | "autoPipeliningIgnoredCommands"
  | "socketTimeout"
>;

/**
 * For a process that answers callers: a command fails at once while Redis is away, and within 1.5 s when Redis
 * hangs, so that every caller has an answer within 2 s.
 */
export const FAILING_FAST: Manners = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  commandTimeout: 1500,
};

/**
 * For work that must not be lost: a command waits until Redis is back, and a script of ours until Redis takes
 * writes, however long that takes.
 */
export const PATIENT: Manners = { maxRetriesPerRequest: null };

/** @throws {Error} when the URL cannot be read */
export function connect(options: ConnectOptions, manners: Manners): Redis {
  const address = parseRedisAddress(options.url);
  const redis =
    address.kind === "cluster"
      ? connectCluster(address, options, manners)
      : connectSingle(address, options, manners);
  defineScripts(redis);
  return redis;
}

/**
 * A connection to one server. In a Cluster that is one of those the URL names, the next when it is gone. It is what to
 * listen on: every node hears what is published on any, and `ready` tells that messages may have been missed, which
 * a Cluster's own subscriber keeps to itself.
 */
export function connectToOne(options: ConnectOptions, manners: Manners): Single {
  const address = parseRedisAddress(options.url);
  if (address.kind !== "cluster") return connectSingle(address, options, manners);
  const { nodes, credentials, isTls } = address;
  let at = Math.floor(Math.random() * nodes.length);
  const redis: Single = new Single({
    ...nodes[at],
    ...credentials,
    ...optionsOf(options, manners, isTls),
    retryStrategy: (times: number) => {
      at = (at + 1) % nodes.length;
      Object.assign(redis.options, nodes[at]);
      return reconnectDelayMs(times);
    },
  });
  return redis.on("error", (error) => options.onError(explainTlsTrouble(error)));
}

/** As ioredis's own `commandTimeout`, but a stall of our own process is not held against Redis. */
function boundCommands(redis: Single, ms: number): void {
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    const cancel = afterAwake(ms, () => command.reject(new Error("Command timed out")));
    command.promise.then(cancel, cancel);
    return send(command, stream);
  };
}

/**
 * BullMQ copies a connection to wait on, one for each queue that is consumed, and defines its sixty scripts there, which it
 * never runs: 85 KB each, a tenth of what a worker with 200 droplets holds.
 */
function copyWithoutScripts(redis: Single): void {
  const copy = redis.duplicate.bind(redis);
  redis.duplicate = (override) => Object.assign(copy(override), { defineCommand: () => {} });
}

/** Resolves when commands can be sent; BullMQ objects must only be built after that. */
export async function untilReady(redis: Redis): Promise<void> {
  if (redis.status === "ready") return;
  await new Promise<void>((resolve) => {
    redis.once("ready", resolve);
  });
}

function connectSingle(
  address: Exclude<RedisAddress, { kind: "cluster" }>,
  options: ConnectOptions,
  manners: Manners,
): Single {
  const { commandTimeout, ...others } = manners;
  const own: Options = {
    ...optionsOf(options, others, address.isTls),
    retryStrategy: reconnectDelayMs,
    ...(address.kind === "sentinel" && { reconnectOnError: afterFailover }),
  };
  const redis =
    address.kind === "single"
      ? new Single(address.url, own)
      : new Single({ ...own, ...sentinelOptions(address, own) });
  if (commandTimeout !== undefined) boundCommands(redis, commandTimeout);
  copyWithoutScripts(redis);
  redis.on("error", (error) => options.onError(explainTlsTrouble(error)));
  return redis;
}

/**
 * A failover is heard of from the Sentinels themselves: a master that vanished with its machine closes no connection,
 * and commands would wait for it for minutes.
 */
function sentinelOptions(
  {
    sentinels,
    masterName,
    db,
    credentials,
    sentinelCredentials,
  }: RedisAddress & {
    kind: "sentinel";
  },
  { tls }: Options,
): Options {
  const { username, password } = sentinelCredentials;
  return {
    sentinels,
    name: masterName,
    db,
    ...credentials,
    ...(username !== undefined && { sentinelUsername: username }),
    ...(password !== undefined && { sentinelPassword: password }),
    ...(tls !== undefined && { enableTLSForSentinelMode: true, sentinelTLS: tls }),
    sentinelRetryStrategy: reconnectDelayMs,
    sentinelReconnectStrategy: reconnectDelayMs,
    sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
    failoverDetector: true,
  };
}

/**
 * Without the automatic pipeline: ioredis refuses one whose slots are in other hands when it is sent, and repeats none of
 * which a part went through, so that a failover would fail commands which one by one just find their new master.
 */
function connectCluster(
  { nodes, credentials, isTls }: RedisAddress & { kind: "cluster" },
  options: ConnectOptions,
  manners: Manners,
): Cluster {
  const { enableOfflineQueue = true, maxRetriesPerRequest } = manners;
  const cluster = new Cluster(startupNodes(nodes), {
    enableOfflineQueue,
    clusterRetryStrategy: reconnectDelayMs,
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    retryDelayOnMoved: MOVED_PAUSE_MS,
    maxRedirections:
      maxRetriesPerRequest === null ? Number.POSITIVE_INFINITY : REDIRECTIONS_IN_HASTE,
    redisOptions: { ...credentials, ...optionsOf(options, manners, isTls) },
    // A certificate is for a name: resolving it here would have it compared with an address.
    ...(isTls && { dnsLookup: (host, found) => found(null, host) }),
  });
  // Of a single node others make up for; of all together, `error` tells and keeps the reason apart.
  cluster.on("error", (error: Error & { lastNodeError?: Error }) =>
    options.onError(explainTlsTrouble(error.lastNodeError ?? error)),
  );
  return cluster;
}

function optionsOf({ name, tls }: ConnectOptions, manners: Manners, isTls: boolean): Options {
  return {
    connectionName: name,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    ...manners,
    ...(isTls && { tls: { ...tls } }),
  };
}

/** ioredis writes into what it is given. */
function startupNodes(nodes: readonly Node[]): Node[] {
  return nodes.map((node) => ({ ...node }));
}

/** A master that became a replica: connect anew, to whoever is master now, and send the command again. */
function afterFailover(error: Error): false | 2 {
  return error.message.includes("READONLY") ? 2 : false;
}
