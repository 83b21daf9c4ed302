import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePolicy, decideAddress, type AddressPolicy } from "./address-policy.ts";
import { decideHost } from "./host-policy.ts";

function policyOf(deniedNetworks: string[], allowedHosts: string[] = []): AddressPolicy {
  const compiled = compilePolicy({ deniedNetworks, allowedHosts });
  if (compiled.kind === "invalid") throw new Error(compiled.mistakes.join());
  return compiled.policy;
}

const OPEN = policyOf([]);

const hex = (n: number) => n.toString(16);
/** The two groups of an IPv6 address that carry an IPv4 one. */
function groups(ipv4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split(".").map(Number);
  return `${hex(a * 256 + b)}:${hex(c * 256 + d)}`;
}
const inverted = (ipv4: string) =>
  ipv4
    .split(".")
    .map((byte) => 255 - Number(byte))
    .join(".");

const EMBEDDERS: Record<string, (ipv4: string) => string> = {
  "IPv4-mapped": (ip) => `::ffff:${groups(ip)}`,
  "IPv4-mapped, dotted": (ip) => `::ffff:${ip}`,
  "IPv4-translated": (ip) => `::ffff:0:${groups(ip)}`,
  "IPv4-compatible": (ip) => `::${groups(ip)}`,
  NAT64: (ip) => `64:ff9b::${groups(ip)}`,
  "local NAT64 /96": (ip) => `64:ff9b:1::${groups(ip)}`,
  "local NAT64 /48": (ip) => {
    const [a = "", b = ""] = groups(ip).split(":");
    const low = Number.parseInt(b, 16);
    return `64:ff9b:1:${a}:${hex(low >> 8)}:${hex((low & 0xff) << 8)}:0:0`;
  },
  "6to4": (ip) => `2002:${groups(ip)}::1`,
  "Teredo client": (ip) => `2001:0:808:808:0:0:${groups(inverted(ip))}`,
  "Teredo server": (ip) => `2001:0:${groups(ip)}:0:0:${groups("8.8.8.8")}`,
  ISATAP: (ip) => `2a00::5efe:${groups(ip)}`,
  "ISATAP, universal": (ip) => `2a00::200:5efe:${groups(ip)}`,
};
const embedder = fc.constantFrom(...Object.values(EMBEDDERS));
const byte = fc.nat(255);

describe("an address", () => {
  it.each([
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "10.0.0.1",
    "172.17.0.2",
    "192.168.1.1",
    "100.64.0.1",
    "8.8.8.8",
    "fd00::1",
    "2a00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b:1::a00:1",
  ])("%s may be called: droplets live there", (ip) => {
    expect(decideAddress(ip, OPEN)).toEqual({ allowed: true });
  });

  it.each([
    ["169.254.169.254", "link-local"],
    ["169.254.0.1", "link-local"],
    ["169.254.170.2", "link-local"],
    ["fe80::1", "link-local"],
    ["febf::1", "link-local"],
    ["fe80::1%eth0", "link-local"],
    ["0.0.0.0", "unspecified"],
    ["0.1.2.3", "unspecified"],
    ["::", "unspecified"],
    ["::ffff:0.0.0.0", "unspecified"],
    ["224.0.0.1", "multicast"],
    ["239.255.255.250", "multicast"],
    ["ff02::1", "multicast"],
    ["255.255.255.255", "broadcast"],
    ["100.100.100.200", "metadata"],
    ["168.63.129.16", "metadata"],
    ["192.0.0.192", "metadata"],
    ["fd00:ec2::254", "metadata"],
    ["fd20:ce::254", "metadata"],
    ["fd00:c1::a9fe:a9fe", "metadata"],
  ])("%s is never called: %s", (ip, word) => {
    const decision = decideAddress(ip, OPEN);
    expect(decision.allowed ? "allowed" : decision.reason).toContain(word);
  });

  it.each(Object.entries(EMBEDDERS))(
    "carrying the metadata service as %s is never called",
    (_, embed) => {
      expect(decideAddress(embed("169.254.169.254"), OPEN).allowed).toBe(false);
      expect(decideAddress(embed("10.1.2.3"), policyOf(["10.1.0.0/16"])).allowed).toBe(false);
      expect(decideAddress(embed("10.1.2.3"), OPEN).allowed).toBe(true);
    },
  );

  it.each(["", "localhost", "127.1", "0x7f.0.0.1", "010.0.0.1", "2130706433", "1.2.3.4.5", ":::"])(
    "is not %j",
    (text) => {
      expect(decideAddress(text, OPEN)).toEqual({ allowed: false, reason: "not an IP address" });
    },
  );
});

describe("denied networks", () => {
  it.each([
    ["10.0.0.0/8", "10.1.2.3"],
    ["10.9.9.9/8", "10.1.2.3"],
    ["10.1.2.3", "10.1.2.3"],
    ["fd00::/8", "fd12::1"],
    ["fd12::1", "fd12::1"],
    ["::ffff:10.0.0.0/104", "10.1.2.3"],
    ["::ffff:10.1.2.3", "10.1.2.3"],
    ["::ffff:0:0/90", "::ffff:10.1.2.3"],
    ["0.0.0.0/0", "8.8.8.8"],
  ])("%s holds %s", (network, ip) => {
    expect(decideAddress(ip, policyOf([network]))).toEqual({
      allowed: false,
      reason: "in a denied network",
    });
  });

  it("do not hold their neighbours or the other family", () => {
    const policy = policyOf(["10.0.0.0/8", "fd00::/8", "::ffff:0:0/90"]);
    expect(decideAddress("11.0.0.1", policy).allowed).toBe(true);
    expect(decideAddress("fc00::1", policy).allowed).toBe(true);
  });

  it("and hosts that cannot be read are all reported", () => {
    const deniedNetworks = ["10.0.0.0/33", "x", "10.0/8", "fd00::/8"];
    expect(compilePolicy({ deniedNetworks, allowedHosts: ["a b", "*.h", "*"] })).toEqual({
      kind: "invalid",
      mistakes: [
        "'10.0.0.0/33' is not a network in CIDR form",
        "'x' is not a network in CIDR form",
        "'10.0/8' is not a network in CIDR form",
        "'a b' is not a host name or *.suffix",
        "'*' is not a host name or *.suffix",
      ],
    });
  });

  it("are independent of the order in which they are named", () => {
    const networks = ["10.0.0.0/8", "192.168.0.0/16", "fd00::/8"];
    fc.assert(
      fc.property(fc.shuffledSubarray(networks, { minLength: 3 }), fc.ipV4(), (shuffled, ip) => {
        expect(decideAddress(ip, policyOf(shuffled))).toEqual(
          decideAddress(ip, policyOf(networks)),
        );
      }),
    );
  });
});

describe("any address", () => {
  it("of the link-local network is refused in every disguise", () => {
    fc.assert(
      fc.property(byte, byte, embedder, (c, d, embed) => {
        expect(decideAddress(`169.254.${c}.${d}`, OPEN).allowed).toBe(false);
        expect(decideAddress(embed(`169.254.${c}.${d}`), OPEN).allowed).toBe(false);
      }),
    );
  });

  it("is refused IPv4-mapped exactly when it is refused plain", () => {
    fc.assert(
      fc.property(fc.ipV4(), (ip) => {
        const policy = policyOf(["10.0.0.0/8", "128.0.0.0/2"]);
        expect(decideAddress(`::ffff:${ip}`, policy)).toEqual(decideAddress(ip, policy));
      }),
    );
  });

  it("is refused when all networks are denied, and anything gets an answer", () => {
    const closed = policyOf(["0.0.0.0/0", "::/0"]);
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
        expect(decideAddress(text, closed).allowed).toBe(false);
      }),
    );
  });
});

describe("allowed hosts", () => {
  const hosts = ["echo.example", "*.mesh.example", "10.0.0.1", "::1", "*.münchen.example"];
  const { allowedHosts } = policyOf([], hosts);

  it("are all hosts when none is named", () => {
    expect(decideHost("anything.example", [])).toEqual({ allowed: true });
  });

  it.each([
    "echo.example",
    "ECHO.Example.",
    "a.mesh.example",
    "a.b.mesh.example",
    "10.0.0.1",
    "[::1]",
    "::1",
    "[0:0::1]",
    "a.xn--mnchen-3ya.example",
  ])("let %s pass", (host) => {
    expect(decideHost(host, allowedHosts)).toEqual({ allowed: true });
  });

  it.each([
    "mesh.example",
    "evilmesh.example",
    "echo.example.evil",
    "a.echo.example",
    "10.0.0.2",
    "",
    "a.mesh.example/x",
    "x@a.mesh.example",
    "*.mesh.example",
    "bad host",
    "[::zz]",
  ])("refuse %j", (host) => {
    expect(decideHost(host, allowedHosts)).toEqual({
      allowed: false,
      reason: "not an allowed host",
    });
  });
});
