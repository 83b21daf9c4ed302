import type { ServerOptions } from "node:http";

/** How often slow senders are looked for, at most. */
const CHECK_EVERY_MS = 5000;

/**
 * What a connection may take before it has said something useful; answers may take as long as they wait.
 * @param requestWithinMs the whole request with its body; its headers have a third of it. A sender that is slower is
 * answered 408 and cut within a sixth of it more, 5 s at most.
 */
export function serverLimits(requestWithinMs: number): ServerOptions {
  return {
    headersTimeout: Math.ceil(requestWithinMs / 3),
    requestTimeout: requestWithinMs,
    connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, Math.ceil(requestWithinMs / 6)),
    /** Longer than the idle time of the usual proxies (60 s), so that it is they who hang up first. */
    keepAliveTimeout: 65_000,
    maxHeaderSize: 16 * 1024,
    /** Refused by us, in the shape of every refusal. */
    requireHostHeader: false,
  };
}
