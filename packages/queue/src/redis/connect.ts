import { Redis, type RedisOptions } from "ioredis";
import { afterAwake } from "./awake-time.ts";
import { defineScripts } from "./lua-script.ts";

/** Reconnects quickly at first and never gives up: 100 ms doubling to 2 s. */
const reconnectDelayMs = (times: number): number => Math.min(100 * 2 ** Math.min(times, 5), 2000);

/** How long a TCP connection may take to come up. */
const CONNECT_TIMEOUT_MS = 5000;

export interface ConnectOptions {
  url: string;
  /** Shown by CLIENT LIST: who holds this connection. */
  name: string;
  /** Connection trouble is reported here, once per event; it heals by itself. */
  onError: (error: Error) => void;
}

/** How a connection behaves while Redis is away. */
export type Manners = Pick<
  RedisOptions,
  | "enableOfflineQueue"
  | "maxRetriesPerRequest"
  | "commandTimeout"
  | "enableAutoPipelining"
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

export function connect(options: ConnectOptions, manners: Manners): Redis {
  const { commandTimeout, ...others } = manners;
  const redis = new Redis(options.url, {
    connectionName: options.name,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: reconnectDelayMs,
    ...others,
  });
  if (commandTimeout !== undefined) boundCommands(redis, commandTimeout);
  defineScripts(redis);
  redis.on("error", options.onError);
  return redis;
}

/** As ioredis's own `commandTimeout`, but a stall of our own process is not held against Redis. */
function boundCommands(redis: Redis, ms: number): void {
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    const cancel = afterAwake(ms, () => command.reject(new Error("Command timed out")));
    command.promise.then(cancel, cancel);
    return send(command, stream);
  };
}

/** Resolves when commands can be sent; BullMQ objects must only be built after that. */
export async function untilReady(redis: Redis): Promise<void> {
  if (redis.status === "ready") return;
  await new Promise<void>((resolve) => {
    redis.once("ready", resolve);
  });
}
