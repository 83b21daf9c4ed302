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
