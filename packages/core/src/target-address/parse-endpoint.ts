export type ParsedEndpoint =
  | { kind: "endpoint"; endpoint: string; origin: string; basePath: string }
  | { kind: "invalid"; reason: string };

const ENDPOINT_LENGTH_MAX = 2048;

/** There are as many endpoints as droplets, and each is read for every task. */
const READ_MAX = 2000;
const read = new Map<string, ParsedEndpoint>();

/**
 * The one reading of a droplet's (or the Registry's) address: http or https, no userinfo, query or
 * fragment, one trailing slash dropped, host and port in the form the URL standard gives them.
 * `endpoint` is `origin` + `basePath`; `basePath` is empty or starts with a slash.
 *
 * The URL parser forgives much (backslashes, tabs, missing slashes); what it would have to forgive
 * is refused here, so that nobody else who reads the same text sees another host.
 */
export function parseEndpoint(text: string): ParsedEndpoint {
  const known = read.get(text);
  if (known !== undefined) return known;
  const parsed = readEndpoint(text);
  if (read.size >= READ_MAX) read.clear();
  read.set(text, parsed);
  return parsed;
}

function readEndpoint(text: string): ParsedEndpoint {
  if (text.length > ENDPOINT_LENGTH_MAX) return invalid("is too long");
  if (/[\s\\\p{Cc}]/u.test(text) || !text.isWellFormed()) {
    return invalid("contains whitespace, control characters or backslashes");
  }
  const authority = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority === undefined) return invalid("is not an http or https URL");
  if (authority.includes("@")) return invalid("contains a user name or password");
  if (/[?#]/.test(text)) return invalid("has a query or fragment");
  const url = URL.parse(text);
  if (url === null) return invalid("is not an http or https URL");
  const basePath = url.pathname.replace(/\/$/, "");
  return { kind: "endpoint", endpoint: url.origin + basePath, origin: url.origin, basePath };
}

function invalid(reason: string): ParsedEndpoint {
  return { kind: "invalid", reason: `the endpoint ${reason}` };
}
