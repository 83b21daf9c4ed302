import ipaddr from "ipaddr.js";

const LAST_FOUR = [12, 13, 14, 15];

/**
 * The prefixes under which an IPv6 address carries an IPv4 address that a kernel, gateway or relay
 * will send the packet to, and the bytes that carry it.
 */
const EMBEDDINGS = [
  { network: "::/96", bytes: LAST_FOUR }, // IPv4-compatible (RFC 4291, deprecated)
  { network: "::ffff:0:0/96", bytes: LAST_FOUR }, // IPv4-mapped (RFC 4291)
  { network: "::ffff:0:0:0/96", bytes: LAST_FOUR }, // IPv4-translated (RFC 2765)
  { network: "64:ff9b::/96", bytes: LAST_FOUR }, // NAT64 (RFC 6052)
  { network: "2002::/16", bytes: [2, 3, 4, 5] }, // 6to4 (RFC 3056)
  { network: "2001::/32", bytes: [4, 5, 6, 7] }, // Teredo's server (RFC 4380)
].map(({ network, bytes }) => ({ network: ipaddr.IPv6.parseCIDR(network), bytes }));

const TEREDO = ipaddr.IPv6.parseCIDR("2001::/32");
const LOCAL_NAT64 = ipaddr.IPv6.parseCIDR("64:ff9b:1::/48");
const LOOPBACK = "::1";

/** Every IPv4 address that a packet to `address` may end at; usually none. */
export function embeddedIpv4(address: ipaddr.IPv6): ipaddr.IPv4[] {
  // ::1 lies in ::/96 but is the loopback address and no 0.0.0.1.
  if (address.toString() === LOOPBACK) return [];
  const all = address.toByteArray();
  const pick = (places: readonly number[]) => all.filter((_, place) => places.includes(place));
  const found = EMBEDDINGS.filter(({ network }) => address.match(network)).map(({ bytes }) =>
    pick(bytes),
  );
  // Teredo hides the client's address by inverting it.
  if (address.match(TEREDO)) found.push(pick(LAST_FOUR).map((byte) => byte ^ 0xff));
  if (isIsatap(all)) found.push(pick(LAST_FOUR));
  // Local NAT64 (RFC 8215) leaves the prefix length to the network: it is read as /48 and as /96, and
  // the reading that finds only zeros is the wrong one.
  if (address.match(LOCAL_NAT64)) {
    found.push(
      ...[pick([6, 7, 9, 10]), pick(LAST_FOUR)].filter((bytes) => bytes.some((b) => b > 0)),
    );
  }
  return found.map((bytes) => new ipaddr.IPv4(bytes));
}

/** ISATAP (RFC 5214) has no prefix of its own: an interface id of 00-00-5E-FE or 02-00-5E-FE tells. */
function isIsatap(bytes: readonly number[]): boolean {
  const [universal, ...rest] = bytes.slice(8, 12);
  return (universal === 0 || universal === 2) && rest.join() === "0,94,254";
}
