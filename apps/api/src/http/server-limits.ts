import type { ServerOptions } from "node:http";

/** What a connection may take before it has said something useful; answers may take as long as they wait. */
export const SERVER_LIMITS: ServerOptions = {
  /** All of the request's headers: a slow sender holds a socket no longer. */
  headersTimeout: 10_000,
  /** The whole request with its body. */
  requestTimeout: 30_000,
  /** Longer than the idle time of the usual proxies (60 s), so that it is they who hang up first. */
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 16 * 1024,
};
