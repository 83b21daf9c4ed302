import { dropletKey } from "@orchestrator/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { dropletOfQueue, Keys, queueNameOf, REGISTRY_SYNC_QUEUE } from "./keys.ts";

/** Names as a Registry may give them: any text, and often ordinary ones. */
const anyName = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ maxLength: 40 }),
  fc.stringMatching(/^[A-Za-z0-9._%{}:-]{1,20}$/),
);

/** The part of a key that decides its slot in a Redis Cluster, by Redis's own rule. */
function hashTag(key: string): string {
  const open = key.indexOf("{");
  const close = key.indexOf("}", open + 1);
  return open < 0 || close <= open + 1 ? key : key.slice(open + 1, close);
}

test.each([
  ["echo", "{d-echo}"],
  ["My.Droplet_1-x", "{d-my.droplet_1-x}"],
  ["a b", "{d-a%20b}"],
  ["a:b", "{d-a%3Ab}"],
  ["{a}", "{d-%7Ba%7D}"],
  ["100%", "{d-100%25}"],
  ["Ünï", "{d-%C3%BCn%C3%AF}"],
  ["", "{d-}"],
])("the queue of droplet %j is %s", (name, queueName) => {
  expect(queueNameOf(name)).toBe(queueName);
  expect(dropletOfQueue(queueName)).toBe(name.toLowerCase());
});

test("a droplet is found again behind its queue's name, whatever it is called", () => {
  fc.assert(
    fc.property(anyName, (name) => {
      expect(dropletOfQueue(queueNameOf(name))).toBe(name.toLowerCase());
    }),
    { numRuns: 500 },
  );
});

test("a queue's name has nothing BullMQ or a cluster could stumble over", () => {
  fc.assert(
    fc.property(anyName, fc.stringMatching(/^[a-z]{1,5}$/), (name, prefix) => {
      const queueName = queueNameOf(name);
      expect(queueName).toMatch(/^\{d-[a-z0-9._%A-F-]*\}$/);
      // BullMQ's own keys: all of one queue in one slot, and of no other's.
      expect(hashTag(`${prefix}:${queueName}:wait`)).toBe(queueName.slice(1, -1));
    }),
    { numRuns: 500 },
  );
});

test("two droplets share a queue if and only if their names differ by case alone", () => {
  fc.assert(
    fc.property(anyName, anyName, (one, other) => {
      expect(queueNameOf(one) === queueNameOf(other)).toBe(dropletKey(one) === dropletKey(other));
      expect(queueNameOf(one.toUpperCase().toLowerCase())).toBe(queueNameOf(one.toUpperCase()));
    }),
    { numRuns: 500 },
  );
});

test("half a character in a name is no reason to fail", () => {
  expect(dropletOfQueue(queueNameOf("a\uD800b"))).toBe("a\uFFFDb");
});

test.each([
  REGISTRY_SYNC_QUEUE,
  "echo",
  "d-echo",
  "{echo}",
  "{d-echo",
  "x{d-echo}",
  "{d-echo}x",
  "",
])("%j is no droplet's queue", (queueName) => {
  expect(dropletOfQueue(queueName)).toBeNull();
});

test("all keys of one task lie in one slot, and different tasks in different ones", () => {
  const keys = new Keys("orc");
  const ofTask = (id: string) => [keys.record(id), keys.body(id), keys.watchers(id)];
  expect(ofTask("task-1").map(hashTag)).toEqual(["task-1", "task-1", "task-1"]);
  expect(new Set(ofTask("task-1")).size).toBe(3);
  expect(hashTag(keys.record("task-2"))).toBe("task-2");
});

test("what lists all tasks lies in one slot", () => {
  const keys = new Keys("orc");
  const all = [keys.all, keys.dropletList, keys.registryState, keys.busyDroplets, keys.deadlines];
  expect(new Set(all.map(hashTag))).toEqual(new Set(["all"]));
  expect(new Set(all).size).toBe(all.length);
});

function names(prefix: string): string[] {
  const keys = new Keys(prefix);
  return [
    keys.record("1"),
    keys.body("1"),
    keys.watchers("1"),
    keys.all,
    keys.dropletListChannel,
    keys.cancelChannel,
    keys.endedChannel("p"),
  ];
}

test("two installations with a prefix each share neither keys nor channels", () => {
  for (const name of names("one")) expect(name.startsWith("one:")).toBe(true);
  expect(names("one").filter((name) => names("two").includes(name))).toEqual([]);
});
