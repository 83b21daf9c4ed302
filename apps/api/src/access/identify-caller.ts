import type { NextFunction, Request, Response } from "express";
import { Refusal } from "../http/refusal.ts";
import { callerByKey, type ParsedApiKeys } from "./api-keys.ts";
import { setCaller, setCanOperatorsSignIn, type Caller, type Scope } from "./caller.ts";
import type { FailedSignIns } from "./failed-sign-ins.ts";
import { isLoopback } from "./is-loopback.ts";
import type { VerifiedToken } from "./json-web-tokens.ts";
import { isOperatorPassword, type OperatorCredentials } from "./operator-password.ts";
import { addressOf } from "./request-limits.ts";

export interface IdentifyOptions {
  apiKeys: Extract<ParsedApiKeys, { kind: "keys" }>["keys"];
  /** Null without a JWKS_URL. */
  verifyToken: ((token: string) => Promise<VerifiedToken>) | null;
  operator: OperatorCredentials;
  failures: FailedSignIns;
}

/** Whether callers have to sign in at all. Without it the service is open, as the mesh's contract demands. */
export function isSignInOn({
  apiKeys,
  verifyToken,
}: Pick<IdentifyOptions, "apiKeys" | "verifyToken">): boolean {
  return apiKeys.length > 0 || verifyToken !== null;
}

/** Finds out who asks. Credentials that are wrong are refused, whatever the endpoint. */
export function identifyCaller(options: IdentifyOptions) {
  const hasPassword = options.operator.password !== undefined;
  const everyones: readonly Scope[] = isSignInOn(options) ? [] : ["read", "submit"];
  const nobody: Caller = { name: null, scopes: new Set(everyones) };
  const nobodyHere: Caller = { name: null, scopes: new Set([...everyones, "operate"]) };
  return (request: Request, response: Response, next: NextFunction): void => {
    setCanOperatorsSignIn(response, hasPassword);
    const identify = (signedIn: Caller | null): void => {
      const others = !hasPassword && isLoopback(request) ? nobodyHere : nobody;
      const scopes = signedIn && new Set([...signedIn.scopes, ...others.scopes]);
      setCaller(response, scopes ? { name: signedIn.name, scopes } : others);
      next();
    };
    const signedIn = signIn(request, options);
    if (signedIn instanceof Promise) signedIn.then(identify, next);
    else identify(signedIn);
  };
}

/** Null for somebody who did not; only a token takes time. */
function signIn(request: Request, options: IdentifyOptions): Caller | null | Promise<Caller> {
  const authorization = request.get("authorization");
  if (options.operator.password !== undefined && /^Basic(?: |$)/i.test(authorization ?? "")) {
    return byCredentials(request, options);
  }
  const token = /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1] ?? request.get("x-api-key");
  // An open service has no business with credentials meant for somebody else.
  if (token === undefined || !isSignInOn(options)) return null;
  return callerByKey(options.apiKeys, token) ?? byCredentials(request, options, token);
}

/** Every way to sign in that is tried and fails counts against the address it came from. */
async function byCredentials(
  request: Request,
  options: IdentifyOptions,
  token?: string,
): Promise<Caller> {
  try {
    return token === undefined ? byPassword(request, options) : await byToken(token, options);
  } catch (error) {
    if (isWrongGuess(error)) {
      // Behind a proxy many share an address: a right key passes however many wrong ones the others have sent.
      options.failures.assertFew(addressOf(request));
      options.failures.note(addressOf(request));
    }
    throw error;
  }
}

/** A password can be guessed: after too many failures not even the right one is taken for a while. */
function byPassword(request: Request, { operator, failures }: IdentifyOptions): Caller {
  failures.assertFew(addressOf(request));
  if (!isOperatorPassword(request.get("authorization"), operator)) {
    throw new Refusal("UNAUTHORIZED", "Wrong user or password");
  }
  return { name: operator.user, scopes: new Set(["read", "submit", "operate"]) };
}

/** A token that could not be checked says nothing about who sent it. */
function isWrongGuess(error: unknown): boolean {
  return error instanceof Refusal && error.code === "UNAUTHORIZED" && error.cause === undefined;
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
