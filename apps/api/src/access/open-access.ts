import type { Store } from "@orchestrator/queue";
import type { Logger } from "@orchestrator/runtime";
import type { RequestHandler } from "express";
import type { ApiConfig } from "../config.ts";
import { parseApiKeys } from "./api-keys.ts";
import { CallerWaits } from "./caller-waits.ts";
import { enforceScope } from "./enforce-scope.ts";
import { FailedSignIns } from "./failed-sign-ins.ts";
import { identifyCaller, isSignInOn } from "./identify-caller.ts";
import { tokenVerifier } from "./json-web-tokens.ts";
import { parseRateLimit } from "./rate-limit.ts";
import { limitRate } from "./request-limits.ts";

export interface Access {
  /** What every request passes, in order, before its body is read. */
  guards: RequestHandler[];
  isSignInOn: boolean;
}

/** Who may ask, as configured. An open service says so at its start: anyone who reaches it may submit tasks. */
export function openAccess(config: ApiConfig, store: Store, log: Logger): Access {
  const parsed = parseApiKeys(config.API_KEYS);
  const apiKeys = parsed.kind === "keys" ? parsed.keys : [];
  const { JWKS_URL: jwksUrl, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = config;
  const options = {
    apiKeys,
    verifyToken: jwksUrl === undefined ? null : tokenVerifier({ jwksUrl, issuer, audience }),
    failures: new FailedSignIns(),
    operator: { user: config.OPERATOR_USER, password: config.OPERATOR_PASSWORD },
  };
  if (!isSignInOn(options)) {
    log.warn(
      { event: "signIn.off" },
      "Anyone who reaches this service may submit and read tasks: set API_KEYS or JWKS_URL to change that",
    );
  }
  const limit = config.RATE_LIMIT === undefined ? null : parseRateLimit(config.RATE_LIMIT);
  return {
    guards: [
      identifyCaller(options),
      ...(limit === null ? [] : [limitRate(limit, store)]),
      new CallerWaits(config.WAITERS_PER_CALLER).guard,
      enforceScope,
    ],
    isSignInOn: isSignInOn(options),
  };
}
