import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from "jose";
import { SCOPES, type Caller } from "./caller.ts";

/** Asymmetric only: a shared secret has no place in a mesh. */
const ALGORITHMS = ["RS256", "ES256", "EdDSA"];

const FETCH_WITHIN_MS = 3000;
const KEYS_FRESH_MS = 10 * 60_000;

/** An unknown key id is looked up again at most this often, whoever asks for it. */
const COOLDOWN_MS = 30_000;

/** The clocks of two machines may differ by this. */
const CLOCK_TOLERANCE_S = 30;

/** What a token of the mesh may do when it does not say. */
const DEFAULT_SCOPES = "read submit";

export interface TokenOptions {
  jwksUrl: string;
  issuer: string | undefined;
  audience: string | undefined;
}

export type VerifiedToken =
  | { kind: "caller"; caller: Caller }
  | { kind: "invalid"; reason: string }
  /** The key set cannot be had: says nothing about the token. */
  | { kind: "unverifiable"; reason: string };

/** Checks tokens of the mesh by its JWKS; keys are cached, and fetched anew when an unknown one turns up. */
export function tokenVerifier({ jwksUrl, issuer, audience }: TokenOptions) {
  const keys = createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: FETCH_WITHIN_MS,
    cacheMaxAge: KEYS_FRESH_MS,
    cooldownDuration: COOLDOWN_MS,
  });
  return async (token: string): Promise<VerifiedToken> => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_S,
        requiredClaims: ["exp"],
        ...(issuer !== undefined && { issuer }),
        ...(audience !== undefined && { audience }),
      });
      return callerOfToken(payload);
    } catch (error) {
      return isAboutToken(error)
        ? { kind: "invalid", reason: error.code }
        : { kind: "unverifiable", reason: error instanceof Error ? error.message : String(error) };
    }
  };
}

function callerOfToken(payload: JWTPayload): VerifiedToken {
  const id = payload["droplet_id"] ?? payload.sub;
  if ((typeof id !== "string" && typeof id !== "number") || id === "") {
    return { kind: "invalid", reason: "neither droplet_id nor sub names the caller" };
  }
  const claimed = payload["scope"];
  const words = (typeof claimed === "string" ? claimed : DEFAULT_SCOPES).split(" ");
  const scopes = new Set(SCOPES.filter((scope) => words.includes(scope)));
  return { kind: "caller", caller: { name: String(id).slice(0, 255), scopes } };
}

function isAboutToken(error: unknown): error is errors.JOSEError {
  if (!(error instanceof errors.JOSEError)) return false;
  // The plain class is what a key set's answer other than 200, or one that is no JSON, comes as.
  if (error.code === errors.JOSEError.code) return false;
  return !(error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid);
}
