import { describe, expect, it } from "vitest";
import { readEntry } from "./read-entry.ts";

function dropletOf(value: unknown, key: string | null = null) {
  const entry = readEntry(value, key);
  if (entry.kind === "skipped") throw new Error(entry.reason);
  return entry.droplet;
}

function reasonOf(value: unknown): string {
  const entry = readEntry(value, null);
  return entry.kind === "skipped" ? entry.reason : "it was taken";
}

const url = "http://h:1";
const named = (fields: object) => ({ name: "echo", ...fields });

describe("a droplet", () => {
  it("has every field of the contract, whatever the entry lacks", () => {
    expect(dropletOf({ name: "echo", url: "http://h:1/" })).toEqual({
      id: "echo",
      name: "echo",
      url,
      endpoint: url,
      version: null,
      status: "active",
      steward: null,
      metadata: {},
    });
  });

  it("keeps what clients read, and nothing else", () => {
    const entry = {
      id: "12",
      name: " echo ",
      endpoint: url,
      version: 2,
      status: "Healthy",
      steward: "ann",
      metadata: { a: [1, { b: null }], c: true },
      capabilities: ["echo", 5, null, {}],
      last_heartbeat: "2026-01-01T00:00:00Z",
      updated_at: 1_767_225_600,
      password: "secret",
    };
    expect(dropletOf(entry)).toEqual({
      id: 12,
      name: "echo",
      url,
      endpoint: url,
      version: "2",
      status: "active",
      steward: "ann",
      metadata: { a: [1, { b: null }], c: true },
      capabilities: ["echo", "5"],
      last_heartbeat: "2026-01-01T00:00:00Z",
      updated_at: 1_767_225_600,
    });
  });

  it.each([
    ["active", "active"],
    ["healthy", "active"],
    ["online", "active"],
    [" OK ", "active"],
    [null, "active"],
    ["inactive", "inactive"],
    ["down", "inactive"],
    ["unknown", "inactive"],
    ["whatever", "inactive"],
    ["error", "error"],
    ["Unhealthy", "error"],
  ])("listed as %j is %s", (status, expected) => {
    expect(dropletOf(named({ url, status })).status).toBe(expected);
  });

  it.each([
    [3, 3],
    ["3", 3],
    ["-3", -3],
    ["007", 7],
    ["d-3", "d-3"],
    [1.5, "1.5"],
    ["99999999999999999999", "99999999999999999999"],
    [null, "echo"],
    ["", "echo"],
    [{}, "echo"],
    ["x".repeat(256), "echo"],
  ])("with the id %j has the id %j", (id, expected) => {
    expect(dropletOf(named({ url, id })).id).toBe(expected);
  });

  it.each([
    [null, {}],
    ["text", {}],
    [[1], {}],
    [{ a: "x".repeat(17_000) }, { _truncated: true }],
    [{ a: 1n }, { _truncated: true }],
    [{ a: "x".repeat(16_000) }, { a: "x".repeat(16_000) }],
  ])("has metadata that are small JSON", (metadata, expected) => {
    expect(dropletOf(named({ url, metadata })).metadata).toEqual(expected);
  });

  it("has no version or steward of any length", () => {
    const long = "x".repeat(256);
    expect(dropletOf(named({ url, version: long, steward: {} }))).toMatchObject({
      version: null,
      steward: null,
    });
  });
});

describe("the name of an entry", () => {
  it.each([
    [{ name: "a", metadata: { name: "b" }, fqdn: "c.x", host: "d.x", id: 5 }, "a"],
    [{ name: "", metadata: { name: "b" }, fqdn: "c.x", host: "d.x", id: 5 }, "b"],
    [{ fqdn: "c.x", host: "d.x", id: 5 }, "c.x"],
    [{ host: "d.x", id: 5 }, "d.x"],
    [{ id: 5, url }, "5"],
    [{ name: 17, url }, "17"],
  ])("of %j is %s", (entry, name) => {
    expect(dropletOf({ url, ...entry }).name).toBe(name);
  });

  it.each([
    [{ url }, "it has no name"],
    [{ url, name: " " }, "it has no name"],
    [{ url, name: "a\nb" }, "its name contains control characters"],
    [{ url, name: "a\u0000" }, "its name contains control characters"],
    [{ url, name: "a\u2028b" }, "its name contains control characters"],
    [{ url, name: "a\uD800" }, "its name contains control characters"],
    [{ url, name: "x".repeat(256) }, "its name is longer than 255 characters"],
  ])("cannot be that of %j", (entry, reason) => {
    expect(reasonOf(entry)).toBe(reason);
  });

  it("may be 255 characters long and hold any script", () => {
    expect(dropletOf({ url, name: "x".repeat(255) }).name).toHaveLength(255);
    expect(dropletOf({ url, name: "Größe 🚀 日本" }).name).toBe("Größe 🚀 日本");
  });
});

describe("the key of a dictionary", () => {
  it.each([
    ["echo", { url }, { name: "echo", id: "echo", endpoint: url }],
    ["echo", { url, name: "other", id: 3 }, { name: "other", id: 3 }],
    ["echo", { fqdn: "e.example" }, { name: "echo", endpoint: "https://e.example" }],
    ["e.example", { id: 3 }, { name: "e.example", id: 3, endpoint: "https://e.example" }],
    ["e.example:8443", {}, { name: "e.example:8443", endpoint: "https://e.example:8443" }],
    [
      "10.0.0.1",
      { port: 80, fqdn: "e.example" },
      { name: "e.example", endpoint: "https://e.example" },
    ],
    ["10.0.0.1:8000", { name: "echo" }, { name: "echo", endpoint: "http://10.0.0.1:8000" }],
    ["[::1]:8000", {}, { name: "[::1]:8000", endpoint: "http://[::1]:8000" }],
    ["3", { url, name: "echo" }, { name: "echo", id: 3 }],
    ["3", { url }, { name: "3", id: 3 }],
    ["0xcafe", { url, fqdn: "e.example" }, { name: "0xcafe" }],
  ])("%s fills what the entry %j lacks", (key, entry, expected) => {
    expect(dropletOf(entry, key)).toMatchObject(expected);
  });

  it("that is empty fills nothing", () => {
    expect(readEntry({ url }, " ")).toEqual({ kind: "skipped", reason: "it has no name" });
  });
});

describe("the endpoint of an entry", () => {
  it.each([
    [{ endpoint: "http://a", url: "http://b", metadata: { endpoint: "http://c" } }, "http://a"],
    [{ endpoint: null, url: "http://b", metadata: { endpoint: "http://c" } }, "http://b"],
    [{ metadata: { endpoint: "http://c" }, host: "d.example" }, "http://c"],
    [{ fqdn: "d.example", host: "e.example" }, "https://d.example"],
    [{ host: "d.example", ip: "10.0.0.1", port: 8000 }, "https://d.example"],
    [{ host: "d.example.:8443" }, "https://d.example.:8443"],
    [{ host: "münchen.example" }, "https://xn--mnchen-3ya.example"],
    [{ ip: "10.0.0.1", port: 8000 }, "http://10.0.0.1:8000"],
    [{ ip_address: "10.0.0.1", port: "8000" }, "http://10.0.0.1:8000"],
    [{ host: "10.0.0.1", port: 8000 }, "http://10.0.0.1:8000"],
    [{ host: "10.0.0.1:8001", port: 8000 }, "http://10.0.0.1:8001"],
    [{ ip: "::1", port: 8000 }, "http://[::1]:8000"],
    [{ host: "localhost", port: 8000 }, "http://localhost:8000"],
    [{ ip: "0.0.0.0", host: "echo", port: 8000 }, "http://echo:8000"],
    [{ url: "http://h/base/" }, "http://h/base"],
  ])("%j is %s", (entry, endpoint) => {
    expect(dropletOf(named(entry))).toMatchObject({ endpoint, url: endpoint });
  });

  it.each([
    [{}, "it has no endpoint"],
    [{ ip: "10.0.0.1" }, "it has no endpoint"],
    [{ ip: "10.0.0.1", port: "http" }, "it has no endpoint"],
    [{ ip: "0.0.0.0", port: 8000 }, "it has no endpoint"],
    [{ ip: "::", port: 8000 }, "it has no endpoint"],
    [{ ip: "0x7f.1", port: 8000 }, "it has no endpoint"],
    [{ ip: "127.1", port: 8000 }, "it has no endpoint"],
    [{ host: "localhost" }, "it has no endpoint"],
    [{ host: "evil@x", port: 8000 }, "it has no endpoint"],
    [{ host: "a b.example" }, "it has no endpoint"],
    [{ ip: "10.0.0.1", port: 99_999 }, "the endpoint is not an http or https URL"],
    [{ endpoint: "ftp://h" }, "the endpoint is not an http or https URL"],
    [{ endpoint: "http://u:p@h", url }, "the endpoint contains a user name or password"],
    [{ endpoint: "http://h/?a=1" }, "the endpoint has a query or fragment"],
    [{ endpoint: "http://h/#a" }, "the endpoint has a query or fragment"],
    [{ endpoint: `http://h/${"x".repeat(3000)}` }, "the endpoint is too long"],
  ])("cannot be found in %j", (entry, reason) => {
    expect(reasonOf(named(entry))).toBe(reason);
  });
});
