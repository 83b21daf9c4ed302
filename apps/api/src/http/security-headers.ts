import type { RequestHandler } from "express";
import helmet from "helmet";

/**
 * helmet's defaults, but for what would break a service reached by plain http inside a mesh: browsers are told
 * to insist on https only where that is how we are reached.
 */
export function securityHeaders(publicUrl: string): RequestHandler {
  const isHttps = publicUrl.startsWith("https:");
  return helmet({
    strictTransportSecurity: isHttps,
    contentSecurityPolicy: {
      directives: isHttps ? {} : { "upgrade-insecure-requests": null },
    },
  });
}
