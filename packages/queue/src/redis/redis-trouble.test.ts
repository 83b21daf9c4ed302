import { expect, test } from "vitest";
import { connect, FAILING_FAST } from "./connect.ts";
import { isRedisRefusal, isRedisTrouble } from "./redis-trouble.ts";

const named = (name: string): Error => Object.assign(new Error("any words"), { name });

test.each([
  new Error("Stream isn't writeable and enableOfflineQueue options is false"),
  new Error("Command timed out"),
  new Error("Connection is closed."),
  new Error("connect ECONNREFUSED 127.0.0.1:6379"),
  new Error("read ECONNRESET"),
  new Error("write EPIPE"),
  new Error("connect ETIMEDOUT"),
  new Error("getaddrinfo ENOTFOUND redis"),
  new Error("OOM command not allowed when used memory > 'maxmemory'."),
  new Error("READONLY You can't write against a read only replica."),
  new Error("MISCONF Redis is configured to save RDB snapshots"),
  new Error("LOADING Redis is loading the dataset in memory"),
  new Error("CLUSTERDOWN The cluster is down"),
  new Error("Too many Cluster redirections. Last error: Error: Connection is closed."),
  new Error("MASTERDOWN Link with MASTER is down"),
  new Error("BUSY Redis is busy running a script."),
  new Error(
    "ERR Error running script (call to f_6b1): @user_script:7: @user_script: 7: -OOM command not allowed",
  ),
  named("MaxRetriesPerRequestError"),
])("%s says that Redis cannot serve us now", (error) => {
  expect(isRedisTrouble(error)).toBe(true);
});

test.each([
  new Error("ERR wrong number of arguments for 'get' command"),
  new Error("WRONGTYPE Operation against a key holding the wrong kind of value"),
  new Error("BUSYGROUP Consumer Group name already exists"),
  new Error("the droplet is LOADING"),
  new TypeError("x is not a function"),
  "Connection is closed.",
  { message: "Connection is closed." },
  null,
  undefined,
])("%s is no trouble of Redis's: it is a bug, or none", (error) => {
  expect(isRedisTrouble(error)).toBe(false);
});

test("a refusal is told from an absence: only after it nothing has been done", () => {
  expect(isRedisRefusal(new Error("READONLY You can't write against a read only replica."))).toBe(
    true,
  );
  expect(isRedisRefusal(new Error("Command timed out"))).toBe(false);
  expect(isRedisRefusal(new Error("read ECONNRESET"))).toBe(false);
});

// Port 1 is reserved, and nobody listens there.
test.each([
  "redis://127.0.0.1:1",
  "redis-sentinel://127.0.0.1:1,localhost:1/mymaster",
  "redis-cluster://127.0.0.1:1,localhost:1",
])("what a connection without a Redis at %s really throws is such trouble", async (url) => {
  const redis = connect({ url, name: "test", onError: () => {} }, FAILING_FAST);
  try {
    const error: unknown = await redis.get("x").catch((thrown: unknown) => thrown);
    expect(isRedisTrouble(error)).toBe(true);
  } finally {
    redis.disconnect();
  }
});
