import * as fc from "fast-check";
import { expect, test } from "vitest";
import { aLostAttempt, anAttempt, aTask, NOW } from "./testing/examples.ts";
import { attemptLimit, isPastDeadline, usedMs } from "./time-left.ts";

test("time used is what attempts took and the waits between them", () => {
  expect(usedMs([])).toBe(0);
  const attempts = [
    anAttempt({ durationMs: 30, retryInMs: 1000 }),
    anAttempt({ durationMs: 40, retryInMs: 2000 }),
    anAttempt({ durationMs: 50, retryInMs: null }),
  ];
  expect(usedMs(attempts)).toBe(3120);
});

test("time parked between two attempts is not used", () => {
  const first = anAttempt({ startedAt: NOW, durationMs: 30, retryInMs: 1000 });
  const second = anAttempt({ startedAt: NOW + 600_000, durationMs: 40, retryInMs: null });
  expect(usedMs([first, second])).toBe(1070);
});

test("an attempt that vanished with its worker costs no time of the task's own", () => {
  expect(usedMs([aLostAttempt({ durationMs: 60_000 })])).toBe(0);
  expect(usedMs([anAttempt(), aLostAttempt({ durationMs: 60_000 })])).toBe(1010);
});

const task = aTask({ timeoutMs: 30_000, attemptTimeoutMs: 10_000 });

test("an attempt may take its own limit while more than that is left", () => {
  expect(attemptLimit(task, [], NOW)).toEqual({ ms: 10_000, reason: "attempt_timeout" });
  const used = [anAttempt({ durationMs: 18_999, retryInMs: 1000 })];
  expect(attemptLimit(task, used, NOW)).toEqual({ ms: 10_000, reason: "attempt_timeout" });
});

test("an attempt never gets more than what is left of timeout_ms", () => {
  const used = [anAttempt({ durationMs: 22_000, retryInMs: 1000 })];
  expect(attemptLimit(task, used, NOW)).toEqual({ ms: 7000, reason: "time_up" });
});

test("an attempt that may use all that is left ends the task, not only itself", () => {
  const post = aTask({ method: "POST", timeoutMs: 30_000, attemptTimeoutMs: 30_000 });
  expect(attemptLimit(post, [], NOW)).toEqual({ ms: 30_000, reason: "time_up" });
});

test("no attempt lasts past the deadline", () => {
  const pressed = { ...task, deadlineAt: NOW + 4000 };
  expect(attemptLimit(pressed, [], NOW)).toEqual({ ms: 4000, reason: "deadline" });
  expect(attemptLimit(pressed, [], NOW + 3999)).toEqual({ ms: 1, reason: "deadline" });
  expect(attemptLimit({ ...task, deadlineAt: NOW + 60_000 }, [], NOW).reason).toBe(
    "attempt_timeout",
  );
});

test("a limit is 1 ms at least, so that what starts at the last moment still fails by its limit", () => {
  const used = [anAttempt({ durationMs: 30_000, retryInMs: 5000 })];
  expect(attemptLimit(task, used, NOW)).toEqual({ ms: 1, reason: "time_up" });
  const late = { ...task, deadlineAt: NOW };
  expect(attemptLimit(late, [], NOW + 500)).toEqual({ ms: 1, reason: "deadline" });
});

test("the deadline's own moment is past it, and a task without one is never past it", () => {
  const due = aTask({ deadlineAt: NOW + 100 });
  expect(isPastDeadline(due, NOW + 99)).toBe(false);
  expect(isPastDeadline(due, NOW + 100)).toBe(true);
  expect(isPastDeadline(due, NOW + 101)).toBe(true);
  expect(isPastDeadline(aTask(), Number.MAX_SAFE_INTEGER)).toBe(false);
});

test("whatever went before, an attempt's limit keeps all three promises or is 1 ms", () => {
  const times = fc.record({
    timeoutMs: fc.integer({ min: 1, max: 3_600_000 }),
    attemptTimeoutMs: fc.integer({ min: 1, max: 3_600_000 }),
    deadlineAt: fc.option(fc.integer({ min: NOW - 1000, max: NOW + 3_600_000 })),
  });
  const durations = fc.array(fc.nat(1_000_000), { maxLength: 5 });
  fc.assert(
    fc.property(times, durations, (limits, took) => {
      const earlier = took.map((durationMs) => anAttempt({ durationMs }));
      const { ms } = attemptLimit(aTask(limits), earlier, NOW);
      const bounds = [
        limits.attemptTimeoutMs,
        limits.timeoutMs - usedMs(earlier),
        limits.deadlineAt === null ? Infinity : limits.deadlineAt - NOW,
      ];
      expect(ms).toBe(Math.max(1, Math.min(...bounds)));
    }),
  );
});
