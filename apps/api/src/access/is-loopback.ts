import { isIP } from "node:net";
import type { Request } from "express";

/** What a proxy adds: its presence means that the caller is somewhere else. */
const PROXY_HEADERS = new Set(["forwarded", "x-real-ip"]);
const LOOPBACK_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** The socket's address, no trace of a proxy, and a Host that a page from elsewhere cannot name. */
export function isLoopback({ socket, headers }: Pick<Request, "socket" | "headers">): boolean {
  const address = socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
  const isLocal = address === "::1" || (address.startsWith("127.") && isIP(address) === 4);
  if (!isLocal) return false;
  const host = (headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  return LOOPBACK_HOSTS.has(host) && !Object.keys(headers).some(isOfProxy);
}

function isOfProxy(header: string): boolean {
  return PROXY_HEADERS.has(header) || header.startsWith("x-forwarded-");
}
