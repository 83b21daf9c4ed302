import { expect, test } from "vitest";
import { KeptFresh } from "./kept-fresh.ts";

function keptFresh(
  read: () => Promise<number>,
  times: { maxAgeMs?: number; waitMs?: number } = {},
) {
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  return {
    errors,
    value: new KeptFresh({ read, maxAgeMs: 60_000, waitMs: 50, onError, ...times }),
  };
}

test("it is read once for everybody, and again only when it is too old", async () => {
  let reads = 0;
  const { value } = keptFresh(async () => ++reads, { maxAgeMs: 1500 });
  expect(await Promise.all([value.get(), value.get(), value.get()])).toEqual([1, 1, 1]);
  expect(await value.get()).toBe(1);
  await expect.poll(async () => await value.get(), { timeout: 10_000 }).toBe(2);
});

test("who asks waits no longer than said, and finds it there the next time", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  let reads = 0;
  const { value } = keptFresh(async () => {
    reads++;
    return await promise;
  });
  const askedAt = performance.now();
  expect(await value.get()).toBeNull();
  expect(performance.now() - askedAt).toBeLessThan(1000);
  resolve(7);
  expect(await value.get()).toBe(7);
  expect(reads).toBe(1);
});

test("what cannot be read is null, is reported, and is tried again", async () => {
  let reads = 0;
  const { value, errors } = keptFresh(async () => {
    if (++reads === 1) throw new Error("away");
    return reads;
  });
  expect(await value.get()).toBeNull();
  expect(errors).toEqual([new Error("away")]);
  expect(await value.get()).toBe(2);
});
