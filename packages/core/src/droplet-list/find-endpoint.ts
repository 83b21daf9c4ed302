import ipaddr from "ipaddr.js";
import { textOf } from "./json-value.ts";

/**
 * The text that an entry gives as its endpoint, not yet checked; null when it gives none. In order:
 * endpoint, url, metadata.endpoint, `https://` + a domain name, `http://` + address and port.
 *
 * A domain name stands alone: where a Registry lists a port beside it, it is the one behind the
 * proxy that the name leads to. A bare host name (`localhost`, a container) is called like an address.
 */
export function findEndpoint(
  entry: Record<string, unknown>,
  metadata: Record<string, unknown>,
  hostFromKey: string | null,
): string | null {
  const given = textOf(entry["endpoint"]) ?? textOf(entry["url"]) ?? textOf(metadata["endpoint"]);
  if (given !== null) return given;
  const hosts = [entry["fqdn"], entry["host"], hostFromKey].flatMap((host) => textOf(host) ?? []);
  const domain = hosts.find((host) => isDomainName(host));
  if (domain !== undefined) return `https://${domain}`;
  const port = textOf(entry["port"]);
  const addresses = [entry["ip"], entry["ip_address"]].flatMap((ip) => textOf(ip) ?? []);
  for (const address of [...addresses, ...hosts]) {
    const endpoint = fromAddress(address, port);
    if (endpoint !== null) return endpoint;
  }
  return null;
}

/** Whether a dictionary's key is the address or domain name of its entry, and so not its name. */
export function isHost(text: string): boolean {
  const { host } = withoutPort(text);
  return (
    isDomainName(text) || ipaddr.IPv4.isValidFourPartDecimal(host) || ipaddr.IPv6.isValid(host)
  );
}

function isDomainName(text: string): boolean {
  return /^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*\.[\p{L}_-][\p{L}\p{N}_-]*\.?(?::\d{1,5})?$/u.test(
    text,
  );
}

function fromAddress(address: string, portBeside: string | null): string | null {
  const { host, port } = withoutPort(address);
  const portUsed = port ?? portBeside;
  if (portUsed === null || !/^\d{1,5}$/.test(portUsed)) return null;
  if (ipaddr.IPv6.isValid(host)) return isNowhere(host) ? null : `http://[${host}]:${portUsed}`;
  const callable = ipaddr.IPv4.isValidFourPartDecimal(host)
    ? !isNowhere(host)
    : /^[\p{L}_][\p{L}\p{N}_-]*$/u.test(host);
  return callable ? `http://${host}:${portUsed}` : null;
}

/** 0.0.0.0 and :: are where a droplet listens, not where it can be called. */
function isNowhere(address: string): boolean {
  return ipaddr.parse(address).range() === "unspecified";
}

function withoutPort(text: string): { host: string; port: string | null } {
  const [, host = text, port = null] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port };
}
