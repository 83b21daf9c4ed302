import type { NextFunction, Request, Response } from "express";
import { Refusal } from "../http/refusal.ts";
import { callerOf, canOperatorsSignIn, type Scope } from "./caller.ts";
import { requiredScope } from "./required-scope.ts";

/** Lets a request pass when its caller may do what it asks for. */
export function enforceScope(request: Request, response: Response, next: NextFunction): void {
  const scope = requiredScope(request.method, resourcePath(request.path));
  if (scope !== null) requireScope(response, scope);
  if (scope === "operate" || (isChange(request) && !isKeyShown(request)))
    refuseForeignPages(request);
  next();
}

/** @throws {Refusal} UNAUTHORIZED to somebody who did not sign in, FORBIDDEN to somebody who did */
export function requireScope(response: Response, scope: Scope): void {
  const { name, scopes } = callerOf(response);
  if (scopes.has(scope)) return;
  if (name !== null) {
    throw new Refusal("FORBIDDEN", `'${name}' does not have the scope ${scope}`, { scope });
  }
  if (scope === "operate") throw operatorRefusal(response);
  response.set("WWW-Authenticate", 'Bearer realm="orchestrator"');
  const how = "Send an API key or a token: Authorization: Bearer …";
  throw new Refusal("UNAUTHORIZED", how, { scope });
}

/** Asking for a password makes sense only where there is one. */
function operatorRefusal(response: Response): Refusal {
  if (!canOperatorsSignIn(response)) {
    const how = "Only loopback is let in: set OPERATOR_PASSWORD to open this to operators";
    return new Refusal("FORBIDDEN", how, { scope: "operate" });
  }
  response.set("WWW-Authenticate", 'Basic realm="orchestrator operators", charset="UTF-8"');
  return new Refusal("UNAUTHORIZED", "Sign in as an operator", { scope: "operate" });
}

function isChange({ method }: Request): boolean {
  return method !== "GET" && method !== "HEAD" && method !== "OPTIONS";
}

/** Browsers add neither by themselves: who sends one means it. */
function isKeyShown(request: Request): boolean {
  return (
    request.get("x-api-key") !== undefined || /^Bearer /i.test(request.get("authorization") ?? "")
  );
}

/**
 * A browser lends any page its place in the network and an operator's password. Pages from elsewhere are told
 * by what browsers add to such requests and pages cannot take away.
 */
function refuseForeignPages(request: Request): void {
  const site = request.get("sec-fetch-site");
  const isNavigation = request.get("sec-fetch-mode") === "navigate" && request.method === "GET";
  const isForeign = site === "cross-site" || site === "same-site";
  const origin = request.get("origin");
  // Where the browser itself says so, a proxy that changes Host cannot make an own page a foreign one.
  const isForeignOrigin =
    site !== "same-origin" &&
    origin !== undefined &&
    URL.parse(origin)?.host !== request.get("host")?.toLowerCase();
  if ((isForeign && !isNavigation) || isForeignOrigin) {
    throw new Refusal("FORBIDDEN", "A page from another site may not do this");
  }
}

/** Express matches paths without regard to case: so does the table. */
function resourcePath(path: string): string {
  const bare = path.toLowerCase().replace(/\/+$/, "");
  const inner = bare === "/orchestrator" ? "" : bare.replace(/^\/orchestrator\//, "/");
  return inner === "" ? "/" : inner;
}
