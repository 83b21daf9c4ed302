import type { DispatchQueues } from "@orchestrator/queue";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { QueueDepths } from "./queue-depths.ts";

/** As many wait in a queue as its name is long. */
function aCounter() {
  const waiting = vi.fn<DispatchQueues["waiting"]>(
    async (names) => await Promise.resolve(names.map(({ length }) => length)),
  );
  const onError = vi.fn<(error: unknown) => void>();
  return { depths: new QueueDepths({ waiting }, onError), waiting, onError };
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

test("those that were asked for since they were counted are counted together, each as its own", async () => {
  const { depths, waiting } = aCounter();
  const names = ["a", "bb", "ccc"];
  for (const name of names) depths.of(name);
  await vi.advanceTimersByTimeAsync(400);
  // Asked for again while they are fresh: "ccc" is not.
  for (const name of ["a", "bb"]) depths.of(name);
  await vi.advanceTimersByTimeAsync(200);
  waiting.mockClear();
  depths.of("a");
  await vi.advanceTimersByTimeAsync(0);
  expect(waiting.mock.calls).toEqual([[["a", "bb"]]]);
  expect(names.map((name) => depths.of(name))).toEqual([1, 2, 3]);
});

test("one that is asked for again and again is counted once while it is fresh", async () => {
  const { depths, waiting } = aCounter();
  for (let ms = 0; ms < 450; ms += 50) {
    depths.of("a");
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(waiting).toHaveBeenCalledOnce();
});

test("a queue that is far from its limit is counted seldom, one that comes near it often", async () => {
  const { depths, waiting } = aCounter();
  const countsWithin = async (seconds: number, depthMax: number): Promise<number> => {
    waiting.mockClear();
    for (let ms = 0; ms < 1000 * seconds; ms += 50) {
      expect(depths.isFull("four", depthMax)).toBe(false);
      await vi.advanceTimersByTimeAsync(50);
    }
    return waiting.mock.calls.length;
  };
  expect(await countsWithin(6, 100)).toBe(3);
  expect(await countsWithin(6, 10)).toBeGreaterThan(9);
  depths.added("four", 90);
  expect(await countsWithin(1, 100)).toBeGreaterThan(0);
});

test("what was added since the count is added up, until it is counted", async () => {
  const { depths } = aCounter();
  depths.of("four");
  await vi.advanceTimersByTimeAsync(0);
  depths.added("four", 2);
  expect(depths.of("four")).toBe(6);
  await vi.advanceTimersByTimeAsync(600);
  depths.of("four");
  await vi.advanceTimersByTimeAsync(0);
  expect(depths.of("four")).toBe(4);
});

test("a count that fails is told, and made again", async () => {
  const { depths, waiting, onError } = aCounter();
  waiting.mockRejectedValueOnce(new Error("away"));
  depths.of("a");
  await vi.advanceTimersByTimeAsync(0);
  expect(onError).toHaveBeenCalledOnce();
  depths.of("a");
  await vi.advanceTimersByTimeAsync(0);
  expect(depths.of("a")).toBe(1);
});
