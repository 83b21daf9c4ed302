import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import { Refusal } from "../http/refusal.ts";

export interface OperatorCredentials {
  user: string;
  /** Without one, only loopback is let in. */
  password: string | undefined;
}

/** What a proxy adds: its presence means the caller is somewhere else. */
const PROXY_HEADERS = new Set(["forwarded", "x-real-ip"]);
const LOOPBACK_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Lets operators in: by password when one is set, else only from this machine itself. */
export function operatorsOnly({ user, password }: OperatorCredentials): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    if (password === undefined) {
      if (!isLoopback(request)) {
        throw new Refusal("FORBIDDEN", "Set OPERATOR_PASSWORD to open this beyond loopback");
      }
    } else if (!isAuthorized(request.get("authorization"), user, password)) {
      response.set("WWW-Authenticate", 'Basic realm="orchestrator operators", charset="UTF-8"');
      throw new Refusal("UNAUTHORIZED", "Sign in as an operator");
    }
    next();
  };
}

/** The socket's address, no trace of a proxy, and a Host that a page from elsewhere cannot name. */
export function isLoopback(request: Pick<Request, "socket" | "headers">): boolean {
  const address = request.socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
  const isLocal = address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
  const isProxied = Object.keys(request.headers).some(
    (name) => PROXY_HEADERS.has(name) || name.startsWith("x-forwarded-"),
  );
  const host = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  return isLocal && !isProxied && LOOPBACK_HOSTS.has(host);
}

function isAuthorized(header: string | undefined, user: string, password: string): boolean {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return false;
  const given = Buffer.from(encoded, "base64").toString("utf8");
  return timingSafeEqual(digest(given), digest(`${user}:${password}`));
}

/** Equal lengths whatever was given, so that the comparison takes the same time. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
