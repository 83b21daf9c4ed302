import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { RequestHandler } from "express";
import helmet from "helmet";

/**
 * helmet's defaults, but for what would break a service reached by plain http inside a mesh: browsers are told
 * to insist on https only where that is how we are reached.
 */
export function securityHeaders(publicUrl: string): RequestHandler {
  const isHttps = publicUrl.startsWith("https:");
  return sameForAll(
    helmet({
      strictTransportSecurity: isHttps,
      contentSecurityPolicy: {
        directives: isHttps ? {} : { "upgrade-insecure-requests": null },
      },
    }),
  );
}

/** helmet works its headers out anew for every request, although they are always the same: here it does so once. */
function sameForAll(setHeaders: ReturnType<typeof helmet>): RequestHandler {
  const headers = new Map<string, string>();
  const collecting = new ServerResponse(new IncomingMessage(new Socket()));
  setHeaders(collecting.req, collecting, (error) => {
    if (error !== undefined) throw new Error("helmet refuses its settings", { cause: error });
  });
  for (const [name, value] of Object.entries(collecting.getHeaders())) {
    headers.set(name, String(value));
  }
  return (_request, response, next) => {
    response.setHeaders(headers);
    next();
  };
}
