import type { Cluster, Redis as Single } from "ioredis";

/**
 * A connection that takes commands, whatever stands behind it: one server, the master that Sentinels name, or a
 * Cluster. Everything that is asked of it keeps to one slot per command and script, so that all three serve.
 */
export type Redis = Single | Cluster;
