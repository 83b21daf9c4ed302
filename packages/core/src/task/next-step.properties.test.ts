import * as fc from "fast-check";
import { expect, test } from "vitest";
import { retriesDecided, retriesMade, type Attempt } from "./attempt.ts";
import { decideAfterLoss, decideNextStep, type NextStep } from "./next-step.ts";
import type { Certainty, Fault, Outcome } from "./outcome.ts";
import type { Task } from "./task.ts";
import { aLostAttempt, aTask, NOW } from "./testing/examples.ts";
import { usedMs } from "./time-left.ts";

const FAULTS: Fault[] = [
  "unreachable",
  "attempt_timeout",
  "time_up",
  "deadline",
  "cancelled",
  "response_too_large",
  "bad_response",
  "target_forbidden",
];
const often = <T>(...choices: T[]) => ({ weight: 4, arbitrary: fc.constantFrom(...choices) });
const retryAfterMs = fc.oneof(
  often(null),
  { weight: 3, arbitrary: fc.nat(10_000) },
  { weight: 1, arbitrary: fc.nat(30 * 86_400_000) },
);

/** Mostly what is tried again: a life that ends at its first attempt tells little. */
const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({
    certainty: fc.constant<Certainty>("responded"),
    fault: fc.constant(null),
    message: fc.constant(null),
    status: fc.oneof(often(408, 425, 429, 500, 503), fc.integer({ min: 100, max: 599 })),
    retryAfterMs,
  }),
  fc.record({
    certainty: fc.constantFrom<Certainty>("not_sent", "sent_no_response"),
    fault: fc.oneof(often<Fault>("unreachable", "attempt_timeout"), fc.constantFrom(...FAULTS)),
    message: fc.string(),
    status: fc.constant(null),
    retryAfterMs: fc.constant(null),
  }),
);

const anyTask: fc.Arbitrary<Task> = fc
  .record({
    maxRetries: fc.oneof(often(3, 20), fc.integer({ min: 0, max: 20 })),
    timeoutMs: fc.oneof(often(3_600_000), fc.integer({ min: 1, max: 60_000 })),
    deadlineAt: fc.oneof(often(null), fc.integer({ min: NOW + 1, max: NOW + 600_000 })),
    delivery: fc.oneof(often<Task["delivery"]>("at_least_once"), fc.constant("at_most_once")),
  })
  .map((differing) => aTask(differing as Partial<Task>));

/** What may happen at an attempt, and how long the task is parked before it. */
const happenings = fc.array(
  fc.record({
    outcome: anyOutcome,
    durationMs: fc.nat(20_000),
    parkedMs: fc.nat(5000),
    isLost: fc.oneof(often(false), fc.boolean()),
  }),
  { minLength: 1, maxLength: 30 },
);
type Happening = typeof happenings extends fc.Arbitrary<(infer One)[]> ? One : never;

interface Decided {
  earlier: Attempt[];
  outcome: Outcome;
  durationMs: number;
  nowMs: number;
  step: NextStep;
}

/** A task's life as workers write it: every decision that was taken, in order. */
function live(task: Task, story: readonly Happening[]): Decided[] {
  const attempts: Attempt[] = [];
  const decided: Decided[] = [];
  let nowMs = NOW;
  for (const { outcome, durationMs, parkedMs, isLost } of story) {
    const startedAt = nowMs + parkedMs;
    const number = attempts.length + 1;
    nowMs = startedAt + durationMs;
    if (isLost) {
      attempts.push(aLostAttempt({ number, startedAt, durationMs }));
      if (decideAfterLoss(task, attempts).kind === "finish") break;
      continue;
    }
    const earlier = [...attempts];
    const step = decideNextStep({ task, earlier, outcome, durationMs, nowMs });
    decided.push({ earlier, outcome, durationMs, nowMs, step });
    if (step.kind === "finish") break;
    attempts.push({
      number,
      startedAt,
      durationMs,
      outcome: outcome.certainty,
      responseStatus: outcome.status,
      error: outcome.message,
      retryInMs: step.delayMs,
      decision: step.decision,
    });
    nowMs += step.delayMs;
  }
  return decided;
}

/** Checks every retry that any life of any task decides on. */
function everyRetry(
  check: (retry: Decided & { step: { kind: "retry"; delayMs: number } }, task: Task) => void,
): void {
  let retries = 0;
  fc.assert(
    fc.property(anyTask, happenings, (task, story) => {
      for (const one of live(task, story)) {
        if (one.step.kind !== "retry") continue;
        retries += 1;
        check({ ...one, step: one.step }, task);
      }
    }),
    { numRuns: 300 },
  );
  // Lives without any retry would prove nothing.
  expect(retries).toBeGreaterThan(100);
}

test("a task is never retried more often than max_retries, however many workers vanish", () => {
  everyRetry(({ earlier }, task) => {
    expect(retriesDecided(earlier)).toBeLessThan(task.maxRetries);
    expect(retriesMade(earlier, true)).toBeLessThan(task.maxRetries);
  });
});

test("no retry is scheduled for the deadline's moment or later", () => {
  everyRetry(({ nowMs, step }, task) => {
    expect(nowMs + step.delayMs).toBeLessThan(task.deadlineAt ?? Infinity);
  });
});

test("no retry is scheduled that leaves nothing of timeout_ms", () => {
  everyRetry(({ earlier, durationMs, step }, task) => {
    expect(usedMs(earlier) + durationMs + step.delayMs).toBeLessThan(task.timeoutMs);
  });
});

test("an at_most_once task is retried only when nothing was sent, a 5xx included", () => {
  everyRetry(({ outcome }, task) => {
    if (task.delivery === "at_most_once") expect(outcome.certainty).toBe("not_sent");
  });
});

test("retry n waits 2^(n-1) s, or Retry-After where that is longer", () => {
  everyRetry(({ earlier, outcome, step }) => {
    const backoff = 1000 * 2 ** retriesDecided(earlier);
    expect(step.delayMs).toBe(Math.max(backoff, outcome.retryAfterMs ?? 0));
  });
});

test("only what may pass is retried", () => {
  everyRetry(({ outcome }) => {
    const { fault, status } = outcome;
    const mayPass = [408, 425, 429].includes(status ?? 0) || (status ?? 0) >= 500;
    expect(fault === null ? mayPass : ["unreachable", "attempt_timeout"].includes(fault)).toBe(
      true,
    );
    expect([501, 505]).not.toContain(status);
  });
});

test("success is a 2xx and nothing else, and every other end says what it was", () => {
  fc.assert(
    fc.property(anyTask, happenings, (task, story) => {
      for (const { outcome, step } of live(task, story)) {
        if (step.kind === "retry") continue;
        const is2xx = outcome.fault === null && Math.floor((outcome.status ?? 0) / 100) === 2;
        expect(step.end.status === "success").toBe(is2xx);
        expect(step.end.error === null).toBe(is2xx);
        expect(step.decision).not.toBe("");
      }
    }),
    { numRuns: 300 },
  );
});
