import type { Store } from "@orchestrator/queue";
import type { Request, RequestHandler, Response } from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import { RedisStore, type RedisReply } from "rate-limit-redis";
import { Refusal } from "../http/refusal.ts";
import { callerOf } from "./caller.ts";
import type { RateLimit } from "./rate-limit.ts";

/** Wrong credentials one address may send before it has to pause. */
const FAILURES_MAX = 10;
const FAILURES_WINDOW_MS = 5 * 60_000;

/** Bounds what one caller may ask for, counted in Redis over all processes; while Redis is away nobody is refused. */
export function limitRate({ max, perS }: RateLimit, { redis, keys }: Store): RequestHandler {
  return rateLimit({
    windowMs: perS * 1000,
    limit: max,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    identifier: "caller",
    passOnStoreError: true,
    keyGenerator: (request, response) => callerOf(response).name ?? addressOf(request),
    skip: (request) => /\/health/.test(request.path),
    handler: (_request, response) => refuse(response, "Too many requests", { max, per_s: perS }),
    store: new RedisStore({
      prefix: `${keys.all}rate:`,
      sendCommand: async (command: string, ...args: string[]) =>
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- whatever Redis answers is a RedisReply
        (await redis.call(command, ...args)) as RedisReply,
    }),
  });
}

/** Slows down whoever guesses credentials: counts answers 401 by address, in this process. */
export function limitFailures(): RequestHandler {
  return rateLimit({
    windowMs: FAILURES_WINDOW_MS,
    limit: FAILURES_MAX,
    standardHeaders: false,
    legacyHeaders: false,
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_request, response) => response.statusCode !== 401,
    keyGenerator: addressOf,
    skip: (request) => !request.headers.authorization && !request.headers["x-api-key"],
    handler: (_request, response) =>
      refuse(response, "Too many failed sign-ins", {
        max: FAILURES_MAX,
        per_s: FAILURES_WINDOW_MS / 1000,
      }),
  });
}

function addressOf(request: Request): string {
  return ipKeyGenerator(request.socket.remoteAddress ?? "");
}

function refuse(response: Response, message: string, details: Record<string, unknown>): never {
  const seconds = Number(response.get("Retry-After"));
  throw new Refusal("RATE_LIMITED", message, details, {
    retryAfterS: Number.isFinite(seconds) && seconds > 0 ? seconds : 1,
  });
}
