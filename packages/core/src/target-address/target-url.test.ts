import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { targetUrl } from "./target-url.ts";

const PLAIN = "http://droplet.example:8000";
const BASED = "https://droplet.example/api/v1";

function href(endpoint: string, path: string): string {
  const target = targetUrl(endpoint, path);
  return target.kind === "url" ? target.url.href : `forbidden: ${target.reason}`;
}

describe("the URL of a target", () => {
  it.each([
    [PLAIN, "/health", "http://droplet.example:8000/health"],
    [PLAIN, "health", "http://droplet.example:8000/health"],
    [PLAIN, "/", "http://droplet.example:8000/"],
    [PLAIN, "?a=1", "http://droplet.example:8000/?a=1"],
    [PLAIN, "/a/../b", "http://droplet.example:8000/b"],
    [PLAIN, "/a//b", "http://droplet.example:8000/a//b"],
    [PLAIN, "/é?ü=ß", "http://droplet.example:8000/%C3%A9?%C3%BC=%C3%9F"],
    [BASED, "/health", "https://droplet.example/api/v1/health"],
    [BASED, "/a/../b", "https://droplet.example/api/v1/b"],
    [BASED, "/.", "https://droplet.example/api/v1/"],
    [BASED, "/a/%2e%2e/b", "https://droplet.example/api/v1/b"],
    [BASED, "/a%2Fb;v=1", "https://droplet.example/api/v1/a%2Fb;v=1"],
    [`${BASED}/`, "/x", "https://droplet.example/api/v1/x"],
    ["http://[::1]:8000", "/x", "http://[::1]:8000/x"],
    ["http://[0:0::0:1]:80", "/x", "http://[::1]/x"],
    ["http://münchen.example", "/x", "http://xn--mnchen-3ya.example/x"],
    ["http://h:65535", "/x", "http://h:65535/x"],
  ])("%s and %s give %s", (endpoint, path, expected) => {
    expect(href(endpoint, path)).toBe(expected);
  });

  it.each(["/p?q=a+b%20c&q=../..&r=%2f%2e%2e&s=//h@i&t=a;b", "/p?", "/p?a?b=/../x"])(
    "keeps the query of %s as it is",
    (path) => {
      expect(href(BASED, path)).toBe(BASED + path);
    },
  );

  it.each([
    "@evil.example/x",
    ":80@evil.example/x",
    ".evil.example/x",
    ":9999/x",
    "http://evil.example/x",
    "https:evil.example",
    "javascript:alert(1)",
    "/@evil.example",
    "/%2f%2fevil.example/x",
    "/..//evil.example/x",
    "%40evil.example",
  ])("keeps %s on the droplet", (path) => {
    const target = targetUrl(PLAIN, path);
    expect(target.kind === "url" && target.url.origin).toBe(PLAIN);
  });

  it.each([
    "//evil.example/x",
    "///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "\t//evil.example",
    "/x\r\nHost: evil.example",
    "/a b",
    "/a\u00A0b",
    "/\u0000",
    "/\u007F",
    "/\u0085",
    "/x#fragment",
    "/\uD800",
    "",
    `/${"a".repeat(2048)}`,
  ])("forbids %j on any droplet", (path) => {
    expect(targetUrl(PLAIN, path).kind).toBe("forbidden");
    expect(targetUrl(BASED, path).kind).toBe("forbidden");
  });

  it.each([
    "/..",
    "/../..",
    "/../v2",
    "/../v1-other",
    "/../../admin",
    "/%2e%2e/%2E%2e/admin",
    "/.%2e/x",
    "/a/../../x",
    "/a%2fb/../../x",
    "/..%2fx",
    "/..%5Cx",
    "/%2e%2e%2fx",
    "/..;/x",
    "/..;a=b/x",
    "/a//../../x",
    "..",
    "../?q=1",
  ])("forbids %s, which leaves the base path", (path) => {
    expect(href(BASED, path)).toBe("forbidden: the path leaves the droplet's base path");
  });

  it("forbids whatever the path when the endpoint is none", () => {
    expect(href("ftp://droplet.example", "/x")).toBe(
      "forbidden: the endpoint is not an http or https URL",
    );
  });
});

const NASTY_PARTS = [
  "/ // . .. %2e %2E%2e %2f %5c \\ @ : ; ? # % %00 evil.example http: [::1] api v1".split(" "),
  ["\t", "\n", " ", "\u0000"],
].flat();
const nastyPart = fc.oneof(
  fc.constantFrom(...NASTY_PARTS),
  fc.string({ unit: "binary", maxLength: 3 }),
);
const nastyPath = fc.array(nastyPart, { maxLength: 20 }).map((parts) => parts.join(""));

const anyEndpoint = fc.constantFrom(
  PLAIN,
  BASED,
  "http://h//a",
  "http://[fe80::1]/a/b/",
  "http://127.1:80/%2e/x",
);

describe("any path", () => {
  it.each([
    ["of any characters", fc.string({ unit: "binary", maxLength: 60 })],
    ["of nasty parts", nastyPath],
  ])("%s is forbidden or stays on the droplet and under its base path", (_, anyPath) => {
    fc.assert(
      fc.property(anyEndpoint, anyPath, (endpoint, path) => {
        const target = targetUrl(endpoint, path);
        if (target.kind === "forbidden") return;
        const base = new URL(endpoint);
        const { url } = target;
        expect(url.origin).toBe(base.origin);
        expect(url.pathname.startsWith(`${base.pathname.replace(/\/$/, "")}/`)).toBe(true);
        expect([url.username, url.password, url.hash]).toEqual(["", "", ""]);
        expect(new URL(url.href).href).toBe(url.href);
        expect(target.url.href).toMatch(/^[\u0021-\u007E]+$/);
      }),
      { numRuns: 5000 },
    );
  });

  it("made of ordinary segments is never forbidden", () => {
    const segment = fc.stringMatching(/^[a-z0-9_~-]{1,8}$/);
    fc.assert(
      fc.property(anyEndpoint, fc.array(segment, { minLength: 1 }), (endpoint, segments) => {
        const path = `/${segments.join("/")}`;
        expect(href(endpoint, path).endsWith(path)).toBe(true);
      }),
    );
  });
});
