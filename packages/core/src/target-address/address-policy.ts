import ipaddr from "ipaddr.js";
import { embeddedIpv4 } from "./embedded-ipv4.ts";
import { compileHostPattern, type HostPattern } from "./host-policy.ts";
import type { TargetDecision } from "./target-decision.ts";

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** What DROPLET_DENIED_NETWORKS and DROPLET_ALLOWED_HOSTS say, parsed once at start. */
export interface AddressPolicy {
  readonly deniedNetworks: readonly Network[];
  readonly allowedHosts: readonly HostPattern[];
}

export type CompiledPolicy =
  | { kind: "policy"; policy: AddressPolicy }
  | { kind: "invalid"; mistakes: string[] };

/**
 * Never called, whatever the configuration: no droplet lives there, and the metadata services hand
 * out the machine's credentials. Loopback and private networks are where droplets do live.
 */
const NEVER_CALLED = Object.entries({
  "this network (unspecified)": ["0.0.0.0/8", "::/128"],
  "link-local": ["169.254.0.0/16", "fe80::/10"],
  "a multicast": ["224.0.0.0/4", "ff00::/8"],
  "the broadcast": ["255.255.255.255/32"],
  // Alibaba; Oracle; Azure's host agent; Amazon (metadata, pod credentials, DNS, time); Google; Oracle.
  "a cloud metadata": [
    "100.100.100.200/32",
    "192.0.0.192/32",
    "168.63.129.16/32",
    "fd00:ec2::/32",
    "fd20:ce::254/128",
    "fd00:c1::a9fe:a9fe/128",
  ],
}).map(([name, cidrs]) => ({ name, networks: cidrs.map((cidr) => ipaddr.parseCIDR(cidr)) }));

/**
 * Parses the two lists. A denied network is a CIDR or a single address, an allowed host an exact
 * host name or address, or `*.suffix`. All mistakes are reported at once.
 */
export function compilePolicy(lists: {
  deniedNetworks: readonly string[];
  allowedHosts: readonly string[];
}): CompiledPolicy {
  const mistakes: string[] = [];
  const deniedNetworks = lists.deniedNetworks.flatMap((text) => {
    const network = parseNetwork(text);
    if (network === null) mistakes.push(`'${text}' is not a network in CIDR form`);
    return network === null ? [] : [network];
  });
  const allowedHosts = lists.allowedHosts.flatMap((text) => {
    const pattern = compileHostPattern(text);
    if (pattern === null) mistakes.push(`'${text}' is not a host name or *.suffix`);
    return pattern ?? [];
  });
  if (mistakes.length > 0) return { kind: "invalid", mistakes };
  return { kind: "policy", policy: { deniedNetworks, allowedHosts } };
}

/**
 * Whether a connection to `ip` may be made. To be asked about the address that is really connected
 * to, after the name was resolved: a name can resolve to anything, and differently each time. An
 * IPv4 address inside an IPv6 one is judged as well as the address around it.
 */
export function decideAddress(ip: string, policy: AddressPolicy): TargetDecision {
  const address = parseAddress(ip);
  if (address === null) return { allowed: false, reason: "not an IP address" };
  const readings = address instanceof ipaddr.IPv6 ? [address, ...embeddedIpv4(address)] : [address];
  for (const { name, networks } of NEVER_CALLED) {
    if (isInAny(readings, networks)) return { allowed: false, reason: `${name} address` };
  }
  if (isInAny(readings, policy.deniedNetworks)) {
    return { allowed: false, reason: "in a denied network" };
  }
  return { allowed: true };
}

function isInAny(readings: readonly Network[0][], networks: readonly Network[]): boolean {
  return networks.some((network) =>
    readings.some((address) => address.kind() === network[0].kind() && address.match(network)),
  );
}

/** Only the four-part decimal form: 0x7f.1 and 010.0.0.1 mean different hosts to different readers. */
function parseAddress(ip: string): Network[0] | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(ip)) return ipaddr.IPv4.parse(ip);
  return ipaddr.IPv6.isValid(ip) ? ipaddr.IPv6.parse(ip) : null;
}

function parseNetwork(text: string): Network | null {
  const single = parseAddress(text);
  if (single !== null) return mappedAsIpv4([single, single.toByteArray().length * 8]);
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(text) && !ipaddr.IPv6.isValidCIDR(text)) return null;
  return mappedAsIpv4(ipaddr.parseCIDR(text));
}

/** Addresses are compared as IPv4 where they carry one, so a denied ::ffff:a.b.c.d has to be IPv4 too. */
function mappedAsIpv4([address, bits]: Network): Network {
  const isMapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= 96;
  return isMapped ? [address.toIPv4Address(), bits - 96] : [address, bits];
}
