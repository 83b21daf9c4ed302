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

/** Every way to sign in that is tried and fails counts against the address it came from. */
async function signIn(request: Request, options: IdentifyOptions): Promise<Caller | null> {
  try {
    const authorization = request.get("authorization");
    if (options.operator.password !== undefined && /^Basic(?: |$)/i.test(authorization ?? "")) {
      return byPassword(request, options);
    }
    const token = /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1] ?? request.get("x-api-key");
    // An open service has no business with credentials meant for somebody else.
    if (token === undefined || !isSignInOn(options)) return null;
    return callerByKey(options.apiKeys, token) ?? (await byToken(token, options));
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
