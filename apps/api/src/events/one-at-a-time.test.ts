import { expect, test } from "vitest";
import { oneAtATime } from "./one-at-a-time.ts";

test("calls that come while the work runs make it run once more, after it", async () => {
  const gates: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const call = oneAtATime(async () => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => {
      gates.push(resolve);
    });
    running--;
  }, String);

  call();
  call();
  call();
  expect(gates).toHaveLength(1);
  gates[0]?.();
  await expect.poll(() => gates.length).toBe(2);
  gates[1]?.();
  await expect.poll(() => running).toBe(0);
  expect({ runs: gates.length, most }).toEqual({ runs: 2, most: 1 });
});

test("work that fails is reported, and the next call runs it again", async () => {
  const errors: unknown[] = [];
  let runs = 0;
  const call = oneAtATime(
    async () => {
      runs++;
      await Promise.reject(new Error(`failure ${runs}`));
    },
    (error) => errors.push(error),
  );
  call();
  await expect.poll(() => errors.length).toBe(1);
  call();
  await expect.poll(() => errors.length).toBe(2);
  expect(errors.map(String)).toEqual(["Error: failure 1", "Error: failure 2"]);
});
