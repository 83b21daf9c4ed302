import { expect, test, vi } from "vitest";
import { watchEventLoopLag } from "./event-loop-lag.ts";

async function stallRepeatedly(times: number, ms: number): Promise<void> {
  if (times === 0) return;
  const until = performance.now() + ms;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 15));
  await stallRepeatedly(times - 1, ms);
}

test("stalls are seen, for at least a second whoever asks, and forgotten again", async () => {
  using lag = watchEventLoopLag();
  expect(lag.p99Ms()).toBe(0);
  await stallRepeatedly(6, 60);
  const stalledAt = performance.now();
  expect(lag.p99Ms()).toBeGreaterThan(45);
  expect(lag.p99Ms()).toBeLessThan(1_000);
  await vi.waitFor(() => expect(lag.p99Ms()).toBeLessThan(45), { timeout: 4_000, interval: 5 });
  expect(performance.now() - stalledAt).toBeGreaterThan(900);
});
