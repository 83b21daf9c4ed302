import { parseEndpoint } from "./parse-endpoint.ts";
import { parsePath } from "./parse-path.ts";

export type TargetUrl = { kind: "url"; url: URL } | { kind: "forbidden"; reason: string };

/** Most calls of a mesh go to few paths, and each is looked at when its task is accepted and before every attempt. */
const READ_MAX = 1000;
const read = new Map<string, TargetUrl>();

/**
 * The URL of one attempt, not to be changed. Whatever the path, its origin is the endpoint's, its path lies under the
 * endpoint's, and it has neither userinfo nor fragment. The query is the caller's own, but for
 * characters that may not stand in a URL, which are percent-encoded.
 *
 * The path is appended to the endpoint's text and never resolved against it: a relative reference is
 * what lets `//host` and `@host` choose another authority.
 */
export function targetUrl(endpoint: string, path: string): TargetUrl {
  const key = `${endpoint} ${path}`;
  const known = read.get(key);
  if (known !== undefined) return known;
  const target = readTarget(endpoint, path);
  if (read.size >= READ_MAX) read.clear();
  read.set(key, target);
  return target;
}

function readTarget(endpoint: string, path: string): TargetUrl {
  const base = parseEndpoint(endpoint);
  if (base.kind === "invalid") return forbidden(base.reason);
  const parsed = parsePath(path);
  if (parsed.kind === "invalid") return forbidden(parsed.reason);

  const url = new URL(base.endpoint + parsed.path);
  const lenientPath = asLenientServersRead(parsed.path);
  const asLenient = lenientPath === parsed.path ? url : new URL(base.endpoint + lenientPath);
  for (const reading of [url, asLenient]) {
    if (reading.origin !== base.origin || !isUnder(base.basePath, reading.pathname)) {
      return forbidden("the path leaves the droplet's base path");
    }
  }
  return { kind: "url", url };
}

/**
 * Some servers decode %2f and %5c, drop `;parameters` or merge slashes before they resolve `..`: what such a droplet
 * would make of the path has to stay under the base path as well.
 */
function asLenientServersRead(path: string): string {
  if (!/[%;]|\/\//.test(path)) return path;
  return path
    .replaceAll(/%(?:2f|5c)/gi, "/")
    .replaceAll(/;[^/?]*/g, "")
    .replaceAll(/\/{2,}/g, "/");
}

function isUnder(basePath: string, pathname: string): boolean {
  return pathname === basePath || pathname.startsWith(`${basePath}/`);
}

function forbidden(reason: string): TargetUrl {
  return { kind: "forbidden", reason };
}
