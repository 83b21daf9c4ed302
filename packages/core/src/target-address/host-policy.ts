import type { TargetDecision } from "./target-decision.ts";

/** `suffix` starts with its dot: `*.example.com` is every name below example.com, and not itself. */
export type HostPattern = { kind: "exact"; host: string } | { kind: "suffix"; suffix: string };

/** One item of DROPLET_ALLOWED_HOSTS; null when it is none. */
export function compileHostPattern(text: string): HostPattern | null {
  const isSuffix = text.startsWith("*.");
  const host = canonicalHost(isSuffix ? text.slice(2) : text);
  if (host === null) return null;
  return isSuffix ? { kind: "suffix", suffix: `.${host}` } : { kind: "exact", host };
}

/**
 * Whether the host of a droplet's endpoint is among the allowed ones; with none configured, all are.
 * Takes a name or an address, with or without the brackets of IPv6.
 */
export function decideHost(hostname: string, allowedHosts: readonly HostPattern[]): TargetDecision {
  if (allowedHosts.length === 0) return { allowed: true };
  const host = canonicalHost(hostname);
  const isAllowed =
    host !== null &&
    allowedHosts.some((pattern) =>
      pattern.kind === "exact" ? pattern.host === host : host.endsWith(pattern.suffix),
    );
  return isAllowed ? { allowed: true } : { allowed: false, reason: "not an allowed host" };
}

/** Lower case, punycode, numbers as dotted IPv4, no brackets, no final dot; null for what is no host. */
function canonicalHost(text: string): string | null {
  const bare = text.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
  const host = bare.includes(":") ? `[${bare}]` : bare;
  // `*` is a character a URL's host may hold, and nobody writes it and means the character.
  if (host === "" || /[\s/\\?#@*%]/.test(host)) return null;
  const hostname = URL.parse(`http://${host}/`)?.hostname;
  return hostname === undefined ? null : hostname.replace(/^\[(.*)\]$/, "$1");
}
