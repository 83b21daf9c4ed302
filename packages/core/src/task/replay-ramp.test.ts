import * as fc from "fast-check";
import { expect, test } from "vitest";
import { replayDelaysMs } from "./replay-ramp.ts";

const startedInSecond = (delays: readonly number[], second: number): number =>
  delays.filter((ms) => Math.floor(ms / 1000) === second).length;

test("a bulk replay begins with 5 tasks a second, half as many more each second, 100 at most", () => {
  const delays = replayDelaysMs(10_000);
  const perSecond = Array.from({ length: 12 }, (_, second) => startedInSecond(delays, second));
  expect(perSecond).toEqual([5, 8, 12, 18, 27, 41, 62, 93, 100, 100, 100, 100]);
});

test("tasks of one second are spread over it", () => {
  expect(replayDelaysMs(7)).toEqual([0, 200, 400, 600, 800, 1000, 1125]);
});

test("every task of a replay gets its turn, in order, and none waits much longer than it must", () => {
  fc.assert(
    fc.property(fc.nat(20_000), (count) => {
      const delays = replayDelaysMs(count);
      expect(delays).toHaveLength(count);
      expect(delays).toEqual(delays.toSorted((a, b) => a - b));
      expect(delays.at(-1) ?? 0).toBeLessThan((count / 100 + 10) * 1000);
    }),
    { numRuns: 20 },
  );
});
