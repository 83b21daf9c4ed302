import { expect, test } from "vitest";
import { parseRedisAddress } from "./redis-address.ts";

test("a Sentinel's URL gives hosts, master, database and both sign-ins, with the usual ports", () => {
  const url =
    "redis-sentinel://app:p%40ss:word@s1:26380,s2,[::1]:26381/my%2Dmaster/3?sentinel_username=su&sentinel_password=sp&tls=true";
  expect(parseRedisAddress(url)).toEqual({
    kind: "sentinel",
    sentinels: [
      { host: "s1", port: 26_380 },
      { host: "s2", port: 26_379 },
      { host: "::1", port: 26_381 },
    ],
    masterName: "my-master",
    db: 3,
    credentials: { username: "app", password: "p@ss:word" },
    sentinelCredentials: { username: "su", password: "sp" },
    isTls: true,
  });
});

test("what is left out is the usual: no sign-in, database 0, no TLS", () => {
  expect(parseRedisAddress("redis-sentinel://s1/mymaster")).toEqual({
    kind: "sentinel",
    sentinels: [{ host: "s1", port: 26_379 }],
    masterName: "mymaster",
    db: 0,
    credentials: {},
    sentinelCredentials: {},
    isTls: false,
  });
  expect(parseRedisAddress("redis-cluster://:secret@c1,c2:7001/?tls=false")).toEqual({
    kind: "cluster",
    nodes: [
      { host: "c1", port: 6379 },
      { host: "c2", port: 7001 },
    ],
    credentials: { password: "secret" },
    isTls: false,
  });
});

test.each([
  ["redis://u:p@h:6379/1", false],
  ["rediss://h", true],
  ["REDISS://h", true],
])("%s is one server", (url, isTls) => {
  expect(parseRedisAddress(url)).toEqual({ kind: "single", url, isTls });
});

test.each([
  ["redis-sentinel://u:hunter2@h:1", /needs \/master-name/],
  ["redis-cluster://u:hunter2@h1,,h2", /host:port,host:port/],
  ["http://u:hunter2@h", /not a redis:\/\//],
])("%s is refused, without its password", (url, message) => {
  expect(() => parseRedisAddress(url)).toThrow(message);
  expect(() => parseRedisAddress(url)).not.toThrow(/hunter2/);
});
