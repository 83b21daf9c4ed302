import type { NextFunction, Request, Response } from "express";
import { Refusal } from "../http/refusal.ts";
import { callerByKey, type ParsedApiKeys } from "./api-keys.ts";
import { setCaller, setCanOperatorsSignIn, type Caller, type Scope } from "./caller.ts";
import { isLoopback } from "./is-loopback.ts";
import type { VerifiedToken } from "./json-web-tokens.ts";
import { isOperatorPassword, type OperatorCredentials } from "./operator-password.ts";

export interface IdentifyOptions {
  apiKeys: Extract<ParsedApiKeys, { kind: "keys" }>["keys"];
  /** Null without a JWKS_URL. */
  verifyToken: ((token: string) => Promise<VerifiedToken>) | null;
  operator: OperatorCredentials;
}

/** Whether callers have to sign in at all. Without it the service is open, as the mesh's contract demands. */
export function isSignInOn({ apiKeys, verifyToken }: IdentifyOptions): boolean {
  return apiKeys.length > 0 || verifyToken !== null;
}

/** Finds out who asks. Credentials that are wrong are refused, whatever the endpoint. */
export function identifyCaller(options: IdentifyOptions) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    setCanOperatorsSignIn(response, options.operator.password !== undefined);
    const signedIn = await signIn(request, options);
    const scopes = new Set<Scope>(signedIn?.scopes);
    if (!isSignInOn(options)) {
      scopes.add("read");
      scopes.add("submit");
    }
    if (options.operator.password === undefined && isLoopback(request)) scopes.add("operate");
    setCaller(response, { name: signedIn?.name ?? null, scopes });
    next();
  };
}

async function signIn(request: Request, options: IdentifyOptions): Promise<Caller | null> {
  const authorization = request.get("authorization");
  const key = request.get("x-api-key");
  if (isOperatorPassword(authorization, options.operator)) {
    return { name: options.operator.user, scopes: new Set(["read", "submit", "operate"]) };
  }
  const token = /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1] ?? key;
  const isBasic = /^Basic /i.test(authorization ?? "") && options.operator.password !== undefined;
  if (token === undefined) {
    if (isBasic) throw new Refusal("UNAUTHORIZED", "Wrong user or password");
    return null;
  }
  // An open service has no business with credentials meant for somebody else.
  if (!isSignInOn(options)) return null;
  const caller = callerByKey(options.apiKeys, token);
  return caller ?? (await byToken(token, options));
}

async function byToken(token: string, { verifyToken }: IdentifyOptions): Promise<Caller> {
  const verified = (await verifyToken?.(token)) ?? { kind: "invalid", reason: "unknown API key" };
  switch (verified.kind) {
    case "caller":
      return verified.caller;
    case "invalid":
      throw new Refusal("UNAUTHORIZED", "The API key or token is not valid", {
        reason: verified.reason,
      });
    case "unverifiable":
      throw new Refusal(
        "UNAUTHORIZED",
        "The token cannot be verified now: the key set cannot be fetched",
        {},
        { retryAfterS: 5, cause: new Error(verified.reason) },
      );
  }
}
