import { lookup, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { decideAddress, type AddressPolicy } from "@orchestrator/core";
import { Agent } from "undici";

/** How long a connection may take to come up; the attempt's own limit usually comes first. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Raised instead of connecting; `decideNextStep` never retries it. */
export class TargetForbiddenError extends Error {
  override readonly name = "TargetForbiddenError";
}

/**
 * The HTTP connections to droplets: kept alive, one pool per origin. Addresses are judged where they are
 * really connected to: a name that resolves to a forbidden address is refused although the name is fine.
 */
export function createDropletAgent(policy: AddressPolicy): Agent {
  return new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS, lookup: guardedLookup(policy) },
    // Our own limits end an attempt; undici's coarse timers would only add a second opinion.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: 64 * 1024,
  });
}

/** A URL whose host is an address is never looked up: it is judged here. */
export function assertAddressAllowed(url: URL, policy: AddressPolicy): void {
  const { hostname } = url;
  const reason = reasonAgainst(hostname, policy);
  if (reason !== null) throw new TargetForbiddenError(`${withoutBrackets(hostname)} is ${reason}`);
}

/** There are as many hosts as droplets, and each is judged for every attempt. */
const JUDGED_MAX = 2000;
const judgedBy = new WeakMap<AddressPolicy, Map<string, string | null>>();

function reasonAgainst(hostname: string, policy: AddressPolicy): string | null {
  const judged = judgedBy.get(policy) ?? new Map<string, string | null>();
  judgedBy.set(policy, judged);
  const known = judged.get(hostname);
  if (known !== undefined) return known;
  const host = withoutBrackets(hostname);
  const decision = isIP(host) === 0 ? null : decideAddress(host, policy);
  const reason = decision === null || decision.allowed ? null : decision.reason;
  if (judged.size >= JUDGED_MAX) judged.clear();
  judged.set(hostname, reason);
  return reason;
}

/** As URLs write an IPv6 address. */
function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** Node's own lookup, from which the forbidden addresses are taken out; when none is left it fails. */
export function guardedLookup(policy: AddressPolicy): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, "", 0);
        return;
      }
      const allowed = addresses.filter(({ address }) => decideAddress(address, policy).allowed);
      const [first] = allowed;
      if (first === undefined) callback(refusal(hostname, addresses, policy), "", 0);
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function refusal(hostname: string, addresses: LookupAddress[], policy: AddressPolicy): Error {
  const reasons = addresses.map(({ address }) => {
    const decision = decideAddress(address, policy);
    return `${address} (${decision.allowed ? "allowed" : decision.reason})`;
  });
  return new TargetForbiddenError(`${hostname} resolves to ${reasons.join(", ")}`);
}
