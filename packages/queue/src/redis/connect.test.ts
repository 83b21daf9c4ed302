import { expect, onTestFinished, test } from "vitest";
import { connectToOne, PATIENT } from "./connect.ts";

test("a copy of a connection defines no scripts: BullMQ waits on one for each queue", () => {
  const server = { url: "redis://127.0.0.1:1", name: "test", onError: () => {} };
  const redis = connectToOne(server, PATIENT);
  const copy = redis.duplicate({ connectionName: "other", lazyConnect: true });
  onTestFinished(() => redis.disconnect());
  for (const one of [redis, copy]) one.defineCommand("ours", { numberOfKeys: 0, lua: "return 1" });
  expect(["ours" in redis, "ours" in copy]).toEqual([true, false]);
  expect(copy.options).toMatchObject({ connectionName: "other", port: 1 });
});
