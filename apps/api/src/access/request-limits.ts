import type { Store } from "@orchestrator/queue";
import type { Request, RequestHandler, Response } from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import { RedisStore, type RedisReply } from "rate-limit-redis";
import { Refusal } from "../http/refusal.ts";
import { callerOf } from "./caller.ts";
import type { RateLimit } from "./rate-limit.ts";

/** Probes of a platform come as they come, and cost nothing. */
const PROBE = /^(?:\/orchestrator)?\/health(?:z\/(?:live|ready))?\/?$/i;

/** Bounds what one caller may ask for, counted in Redis over all processes; while Redis is away nobody is refused. */
export function limitRate({ max, perS }: RateLimit, { redis, keys }: Store): RequestHandler {
  return rateLimit({
    windowMs: perS * 1000,
    limit: max,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    identifier: "caller",
    passOnStoreError: true,
    keyGenerator: callerKey,
    skip: (request) => PROBE.test(request.path),
    handler: (_request, response) => refuse(response, "Too many requests", { max, per_s: perS }),
    store: new RedisStore({
      prefix: `${keys.all}rate:`,
      sendCommand: async (command: string, ...args: string[]) =>
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- whatever Redis answers is a RedisReply
        (await redis.call(command, ...args)) as RedisReply,
    }),
  });
}

/** Whom limits count: the name, else the address. A caller may call itself by an address: that is not the address. */
export function callerKey(request: Request, response: Response): string {
  const { name } = callerOf(response);
  return name === null ? `address:${addressOf(request)}` : `caller:${name}`;
}

export function addressOf(request: Request): string {
  return ipKeyGenerator(request.socket.remoteAddress ?? "");
}

function refuse(response: Response, message: string, details: Record<string, unknown>): never {
  const seconds = Number(response.get("Retry-After"));
  throw new Refusal("RATE_LIMITED", message, details, {
    retryAfterS: Number.isFinite(seconds) && seconds > 0 ? seconds : 1,
  });
}
