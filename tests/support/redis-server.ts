/** A Redis of our own that can be maltreated: as a process or in a container, alike to its users. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  /** In words, for the line that says what the tests run against. */
  readonly description: string;
  /** Stops it; connections are cut. What it held is lost unless it was started as durable. */
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  /** It keeps its connections and answers nothing, as a machine does that hangs. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

export interface RedisServerOptions {
  /** Keeps its data over a stop and a start. */
  isDurable?: boolean;
}

/** The settings of every Redis for tests: noeviction as in production, and on disk only what is asked for. */
export function redisSettings({ isDurable = false }: RedisServerOptions): string[] {
  const durability = isDurable
    ? ["--appendonly", "yes", "--appendfsync", "always"]
    : ["--appendonly", "no"];
  return ["--save", "", "--maxmemory-policy", "noeviction", ...durability];
}
