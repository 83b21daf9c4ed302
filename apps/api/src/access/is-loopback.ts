import { isIP } from "node:net";
import type { Request } from "express";

/** What a proxy adds: its presence means that the caller is somewhere else. */
const PROXY_HEADERS = new Set(["forwarded", "x-real-ip"]);
const LOOPBACK_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

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
