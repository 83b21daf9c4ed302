import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { RequestHandler } from "express";
import helmet from "helmet";

/**
 * By helmet, for answers that are data: nothing in them may load or be framed, and what only pages heed is left out. A
 * page of ours sets a policy of its own. Browsers are told to insist on https only where that is how we are reached.
 */
export function securityHeaders(publicUrl: string): RequestHandler {
  const isHttps = publicUrl.startsWith("https:");
  return sameForAll(
    helmet({
      strictTransportSecurity: isHttps,
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
      originAgentCluster: false,
      xDnsPrefetchControl: false,
      xDownloadOptions: false,
      xPermittedCrossDomainPolicies: false,
      xXssProtection: false,
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
