import type { Scope } from "./caller.ts";

/** What everyone may see: the mesh's checkers call these without signing in. */
const PUBLIC_READS = new Set([
  "/",
  "/health",
  "/healthz/live",
  "/healthz/ready",
  "/capabilities",
  "/state",
  "/dependencies",
  "/info",
  "/version",
  "/message",
  "/send",
  "/openapi.json",
]);

/**
 * The one table of who may do what. Null is for everyone; what it does not know needs `read` to be looked at
 * and `operate` to be changed, so that a new endpoint is closed until somebody opens it here.
 * @param path without the prefix and without a trailing slash
 */
export function requiredScope(method: string, path: string): Scope | null {
  if (path === "/admin" || path.startsWith("/admin/")) return "operate";
  if (isRead(method)) return PUBLIC_READS.has(path) || isDocs(path) ? null : "read";
  if (/^\/(?:message|heartbeat)$/.test(path) || /^\/droplets\/[^/]+\/heartbeat$/.test(path)) {
    // Taken from anyone; what a message may set off is decided by its type.
    return null;
  }
  if (path === "/send" || path === "/tasks" || path === "/tasks/batch") return "submit";
  if (/^\/tasks\/[^/]+\/retry$/.test(path)) return "submit";
  if (method === "DELETE" && /^\/tasks\/[^/]+$/.test(path)) return "submit";
  return "operate";
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

function isDocs(path: string): boolean {
  return path === "/docs" || path.startsWith("/docs/");
}
