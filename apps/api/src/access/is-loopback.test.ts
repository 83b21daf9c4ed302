import type { Request } from "express";
import { describe, expect, test } from "vitest";
import { serveApp } from "../http/testing/serve-app.ts";
import { isLoopback } from "./is-loopback.ts";

function judge(remoteAddress: string | undefined, headers: Request["headers"]): boolean {
  return isLoopback({ socket: { remoteAddress } as Request["socket"], headers });
}
const host = "localhost:8001";

describe("the socket's address", () => {
  test.each(["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:127.8.9.1"])(
    "%s is this machine",
    (address) => {
      expect(judge(address, { host })).toBe(true);
    },
  );

  test.each([
    undefined,
    "",
    "10.0.0.1",
    "192.168.0.1",
    "128.0.0.1",
    "0.0.0.0",
    "::",
    "::2",
    "fe80::1",
    "::ffff:10.0.0.1",
    "127.0.0.1.evil.test",
    "127.1",
    "localhost",
  ])("%s is somewhere else", (address) => {
    expect(judge(address, { host })).toBe(false);
  });
});

describe("a Host", () => {
  test.each(["localhost", "LocalHost:8001", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8001"])(
    "of %s is one that only this machine has",
    (name) => {
      expect(judge("127.0.0.1", { host: name })).toBe(true);
    },
  );

  test.each([
    undefined,
    "",
    "evil.test",
    "localhost.evil.test",
    "evil.test:8001",
    "127.0.0.1.nip.io",
    "127.0.0.2",
    "localhost:",
    "localhost:80:80",
    "::1",
    "localhost@evil.test",
    "0.0.0.0",
  ])("of %s could be a page's from elsewhere", (name) => {
    expect(judge("127.0.0.1", { host: name })).toBe(false);
  });
});

test.each([
  "forwarded",
  "x-real-ip",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-anything",
])("a request with %s came through a proxy, from somewhere else", (name) => {
  expect(judge("127.0.0.1", { host, [name]: "127.0.0.1" })).toBe(false);
  expect(judge("127.0.0.1", { host, [name]: "" })).toBe(false);
});

test("headers that proxies do not add change nothing", () => {
  const headers = { host, forward: "1", "x-real": "1", "x-forward": "1", via: "1.1 x" };
  expect(judge("127.0.0.1", headers)).toBe(true);
});

test("a real request over loopback is loopback, and one that names a proxy is not", async () => {
  await using app = await serveApp((routes) => {
    routes.get("/", (request, response) => response.json(isLoopback(request)));
  });
  expect((await app.ask()).json).toBe(true);
  expect((await app.ask({ headers: { host: "evil.test" } })).json).toBe(false);
  expect((await app.ask({ headers: { "X-Forwarded-For": "127.0.0.1" } })).json).toBe(false);
});
