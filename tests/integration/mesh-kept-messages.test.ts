import { randomUUID } from "node:crypto";
import { connect, Keys, PATIENT, ReceivedMessages, type MessageLimits } from "@orchestrator/queue";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { removeKeys } from "../support/redis-commands.ts";
import { waitFor } from "../support/wait-for.ts";

type Redis = ReturnType<typeof connect>;

const prefix = `test-${randomUUID().slice(0, 8)}`;
let redis: Redis;
beforeAll(() => {
  redis = connect(
    { url: inject("redisUrl"), name: "orchestrator-tests", onError: () => {} },
    PATIENT,
  );
});
afterAll(async () => {
  await removeKeys(inject("redisUrl"), prefix);
  redis.disconnect();
});

function open(name: string, limits: MessageLimits) {
  const keys = new Keys(`${prefix}:${name}`);
  const messages = new ReceivedMessages(redis, keys, limits);
  const keep = async (n: number, source = "a", type = "event"): Promise<void> =>
    await messages.keep({
      id: `id-${n}`,
      trace_id: "t",
      source,
      target: 2,
      message_type: type,
      payload: n,
      timestamp: null,
      received_at: new Date().toISOString(),
      result: "success",
      verified: false,
    });
  const numbers = async (query: { source?: string; message_type?: string } = {}) =>
    (await messages.page({ limit: 100, ...query })).messages.map(({ payload }) => payload);
  return { messages, keep, numbers, base: keys.messages };
}

test("the newest are kept, and nothing is left of those that went", async () => {
  const { messages, keep, numbers, base } = open("count", { count: 3, lifeMs: 60_000 });
  await keep(1, "gone", "gone");
  for (const n of [2, 3, 4, 5]) await keep(n);
  expect(await numbers()).toEqual([5, 4, 3]);
  expect((await messages.page({ limit: 1 })).total).toBe(3);
  expect(await numbers({ source: "a", message_type: "event" })).toEqual([5, 4, 3]);
  expect(await numbers({ source: "gone" })).toEqual([]);
  expect(await redis.hlen(`${base}texts`)).toBe(3);
  expect(await redis.hlen(`${base}indexed`)).toBe(3);
  expect(await redis.exists(`${base}source:gone`, `${base}type:gone`)).toBe(0);
});

test("old ones go by themselves, also when nothing new comes", async () => {
  const { keep, numbers, base } = open("life", { count: 10, lifeMs: 300 });
  await keep(1);
  expect(await numbers()).toEqual([1]);
  await waitFor("the message to be too old", async () => (await numbers()).length === 0);
  await waitFor("its keys to be gone", async () => (await redis.keys(`${base}*`)).length === 0);
});

test("a living source does not keep its old messages", async () => {
  const { keep, numbers } = open("mixed", { count: 10, lifeMs: 400 });
  await keep(1);
  await waitFor("only younger ones", async () => {
    await keep(Date.now());
    return !(await numbers({ source: "a" })).includes(1);
  });
  expect(await numbers()).not.toContain(1);
});

test("messages of one instant keep their order", async () => {
  const { keep, numbers } = open("order", { count: 100, lifeMs: 60_000 });
  await Promise.all(Array.from({ length: 50 }, async (_, n) => await keep(n)));
  expect(await numbers()).toEqual(Array.from({ length: 50 }, (_, n) => 49 - n));
});
