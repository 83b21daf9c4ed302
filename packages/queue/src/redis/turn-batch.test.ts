import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { TurnBatch } from "./turn-batch.ts";

test("what is added in one turn is done together, in order", async () => {
  const runs: number[][] = [];
  const batch = new TurnBatch<number>(async (items) => {
    runs.push(items);
    return await Promise.resolve(items.map(() => null));
  });
  await Promise.all([batch.add(1), batch.add(2), batch.add(3)]);
  await batch.add(4);
  expect(runs).toEqual([[1, 2, 3], [4]]);
});

test("one that fails does not fail the others", async () => {
  const batch = new TurnBatch<number>(
    async (items) =>
      await Promise.resolve(items.map((item) => (item === 2 ? new Error("not two") : null))),
  );
  const results = await Promise.allSettled([batch.add(1), batch.add(2), batch.add(3)]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("a batch that fails as a whole fails each of it, and the next goes on", async () => {
  let isDown = true;
  const batch = new TurnBatch<number>(async (items) => {
    if (isDown) throw new Error("down");
    return await Promise.resolve(items.map(() => null));
  });
  const results = await Promise.allSettled([batch.add(1), batch.add(2)]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  isDown = false;
  await expect(batch.add(3)).resolves.toBeNull();
});

test("what comes while a batch is under way is done together after it, but a slow one holds up nobody", async () => {
  const runs: number[][] = [];
  const underWay = Promise.withResolvers<void>();
  const batch = new TurnBatch<number>(async (items) => {
    runs.push(items);
    if (items.includes(1)) await underWay.promise;
    return items.map(() => null);
  });
  const first = batch.add(1);
  await setImmediate();
  const second = batch.add(2);
  await setImmediate();
  const third = batch.add(3);
  await setImmediate();
  expect(runs).toEqual([[1]]);
  await Promise.all([second, third]);
  expect(runs).toEqual([[1], [2, 3]]);
  underWay.resolve();
  await first;
  await batch.add(4);
  expect(runs).toEqual([[1], [2, 3], [4]]);
});

test("those who were answered have a few turns to join who came meanwhile", async () => {
  const runs: number[][] = [];
  const batch = new TurnBatch<number>(async (items) => {
    runs.push(items);
    await setImmediate();
    return items.map(() => null);
  });
  const askAgain = async (first: number, again: number): Promise<void> => {
    await batch.add(first);
    await setImmediate();
    await batch.add(again);
  };
  const both = [askAgain(1, 4), askAgain(2, 5)];
  await setImmediate();
  await Promise.all([...both, batch.add(3)]);
  expect(runs).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
});
