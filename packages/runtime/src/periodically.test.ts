import { expect, test, vi } from "vitest";
import { periodically } from "./periodically.ts";

function quietLog() {
  return { error: vi.fn<(fields: unknown) => void>(), warn: () => {} };
}

test("rounds never overlap: ticks that find one running are skipped", async () => {
  let running = 0;
  let mostAtOnce = 0;
  let rounds = 0;
  const work = periodically(
    2,
    async () => {
      running += 1;
      mostAtOnce = Math.max(mostAtOnce, running);
      await new Promise((resolve) => setTimeout(resolve, 10));
      running -= 1;
      rounds += 1;
    },
    { log: quietLog(), name: "overlap" },
  );
  await vi.waitFor(() => expect(rounds).toBeGreaterThan(3));
  await work.stop();
  expect(mostAtOnce).toBe(1);
});

test("a failing round is logged by name and the next one still comes", async () => {
  const log = quietLog();
  let rounds = 0;
  const failure = new Error("no");
  const work = periodically(
    1,
    () => {
      rounds += 1;
      throw failure;
    },
    { log, name: "sync" },
  );
  await vi.waitFor(() => expect(rounds).toBeGreaterThan(2));
  await work.stop();
  expect(log.error).toHaveBeenCalledWith({
    event: "periodicWork.failed",
    name: "sync",
    err: failure,
  });
});

test("the first round comes at once when asked for, after one interval otherwise", async () => {
  const work = vi.fn<() => void>();
  const options = { log: quietLog(), name: "first" };
  const later = periodically(60_000, work, options);
  expect(work).not.toHaveBeenCalled();
  const now = periodically(60_000, work, { ...options, immediately: true });
  expect(work).toHaveBeenCalledTimes(1);
  await Promise.all([later.stop(), now.stop()]);
});

test("stop aborts the running round, waits for its end without calling it a failure, and none follows", async () => {
  const log = quietLog();
  let rounds = 0;
  let isEnded = false;
  const work = periodically(
    1,
    async (signal) => {
      rounds += 1;
      try {
        await new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      } finally {
        await new Promise(setImmediate);
        isEnded = true;
      }
    },
    { log, name: "stop", immediately: true },
  );
  await work.stop();
  await work.stop();
  expect({ isEnded, rounds }).toEqual({ isEnded: true, rounds: 1 });
  expect(log.error).not.toHaveBeenCalled();
});

test.each([0, -1, Number.NaN, 2 ** 31])("an interval of %s ms is refused", (intervalMs) => {
  expect(() => periodically(intervalMs, () => {}, { log: quietLog(), name: "x" })).toThrow(
    RangeError,
  );
});

test("a round that hangs is given up on when it is told to stop, and said so", async () => {
  const events: unknown[] = [];
  const log = {
    error: () => {},
    warn: (line: { event: string; what: string }) => void events.push([line.event, line.what]),
  } as never;
  const options = { log, name: "hung", immediately: true };
  await periodically(1000, async () => await new Promise(() => {}), options).stop();
  expect(events).toEqual([["closing.givenUp", "hung"]]);
});
