import { expect, test } from "vitest";
import { SharedReading } from "./shared-reading.ts";

function startReading() {
  const pending: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
  const shared = new SharedReading(async () => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    pending.push({ resolve, reject });
    return await promise;
  });
  const begun = async (count: number) => {
    await expect.poll(() => pending.length).toBe(count);
    return pending[count - 1];
  };
  return { shared, begun, pending };
}

test("those who ask while a reading runs share the next, which begins after they asked", async () => {
  const { shared, begun, pending } = startReading();
  const first = shared.get();
  const one = await begun(1);
  const second = shared.get();
  const third = shared.get();
  one?.resolve(1);
  expect(await first).toBe(1);
  const two = await begun(2);
  two?.resolve(2);
  expect(await Promise.all([second, third])).toEqual([2, 2]);
  expect(pending).toHaveLength(2);
});

test("a reading that fails fails those who shared it, and the next is a new one", async () => {
  const { shared, begun } = startReading();
  const failing = Promise.allSettled([shared.get(), shared.get()]);
  (await begun(1))?.reject(new Error("away"));
  expect((await failing).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  const next = shared.get();
  (await begun(2))?.resolve(2);
  expect(await next).toBe(2);
});

test("readings are at least three times their own length apart", async () => {
  const begins: number[] = [];
  const shared = new SharedReading(async () => {
    begins.push(performance.now());
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  });
  await shared.get();
  await shared.get();
  const [first = 0, second = 0] = begins;
  expect(second - first).toBeGreaterThanOrEqual(4 * 19);
});
