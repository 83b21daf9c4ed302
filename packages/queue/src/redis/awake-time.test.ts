import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { afterAwake } from "./awake-time.ts";

function stall(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test("a stall of the process does not count: what has arrived meanwhile is read first", async () => {
  let isElapsed = false;
  const cancel = afterAwake(400, () => {
    isElapsed = true;
  });
  stall(1000);
  await delay(1);
  expect(isElapsed).toBe(false);
  cancel();
});

test("it comes in its time when the process is awake", async () => {
  const startedAt = performance.now();
  await new Promise<void>((resolve) => void afterAwake(300, resolve));
  const tookMs = performance.now() - startedAt;
  expect(tookMs).toBeGreaterThanOrEqual(290);
  expect(tookMs).toBeLessThan(3000);
});

test("what was cancelled never comes", async () => {
  let isElapsed = false;
  afterAwake(50, () => {
    isElapsed = true;
  })();
  await delay(200);
  expect(isElapsed).toBe(false);
});
