import { expect, test } from "vitest";
import { CLOSED_CIRCUIT, type CircuitState } from "./circuit-breaker.ts";
import {
  circuitVerdict,
  DEFAULT_SWITCHES,
  effectiveLimits,
  isOpen,
  NO_LIMITS,
  queueSettings,
} from "./droplet-switches.ts";
import type { Fault, Outcome } from "./task/outcome.ts";

const limits = { concurrency: 5, rate: { max: 10, perMs: 1000 } };
const HALF_OPEN: CircuitState = {
  phase: "half_open",
  openForMs: 10_000,
  probe: { id: "p", untilMs: 1 },
};
const OPEN: CircuitState = { phase: "open", untilMs: 1, openForMs: 10_000 };

test("a droplet nobody has touched is neither paused nor limited", () => {
  expect(queueSettings(DEFAULT_SWITCHES)).toEqual({
    isPaused: false,
    concurrency: null,
    rate: null,
  });
});

test.each<[CircuitState, boolean]>([
  [CLOSED_CIRCUIT, false],
  [{ phase: "forced_closed" }, false],
  [HALF_OPEN, false],
  [OPEN, true],
  [{ phase: "forced_open" }, true],
])("a circuit that is %j parks the queue: %s", (circuit, isParked) => {
  expect(isOpen(circuit)).toBe(isParked);
  expect(queueSettings({ ...DEFAULT_SWITCHES, circuit }).isPaused).toBe(isParked);
  const paused = { ...DEFAULT_SWITCHES, circuit, isPausedByOperator: true };
  expect(queueSettings(paused).isPaused).toBe(true);
});

test("a droplet's own limits, higher or lower, stand in place of the default ones, each by itself", () => {
  const defaults = { concurrency: 7, rate: { max: 3, perMs: 500 } };
  expect(queueSettings(DEFAULT_SWITCHES, defaults)).toMatchObject(defaults);
  expect(queueSettings({ ...DEFAULT_SWITCHES, limits }, defaults)).toMatchObject(limits);
  expect(effectiveLimits({ ...NO_LIMITS, concurrency: 9 }, defaults)).toEqual({
    ...defaults,
    concurrency: 9,
  });
  const probing = { ...DEFAULT_SWITCHES, circuit: HALF_OPEN };
  expect(queueSettings(probing, defaults).concurrency).toBe(1);
});

test("limits hold as they were set, except that a half-open circuit lets one task through", () => {
  expect(queueSettings({ ...DEFAULT_SWITCHES, limits })).toMatchObject(limits);
  expect(queueSettings({ ...DEFAULT_SWITCHES, limits, circuit: HALF_OPEN })).toMatchObject({
    concurrency: 1,
    rate: limits.rate,
  });
});

function outcome(differing: Partial<Outcome>): Outcome {
  const nothing = { fault: null, message: null, status: null, retryAfterMs: null };
  return { certainty: "responded", ...nothing, ...differing };
}

test.each([200, 204, 301, 400, 404, 408, 429, 499])(
  "an answer of %d is a sign of life",
  (status) => {
    expect(circuitVerdict(outcome({ status }))).toBe("succeeded");
  },
);

test.each([500, 501, 503, 599])("an answer of %d is a failure", (status) => {
  expect(circuitVerdict(outcome({ status }))).toBe("failed");
});

test.each<[Fault, "succeeded" | "failed" | "unknown"]>([
  ["unreachable", "failed"],
  ["attempt_timeout", "failed"],
  ["time_up", "failed"],
  ["response_too_large", "succeeded"],
  ["bad_response", "succeeded"],
  ["cancelled", "unknown"],
  ["deadline", "unknown"],
  ["target_forbidden", "unknown"],
])("a fault of kind %s says of the droplet: %s", (fault, verdict) => {
  expect(circuitVerdict(outcome({ fault, certainty: "sent_no_response" }))).toBe(verdict);
});

test("an answer whose status is missing is no failure", () => {
  expect(circuitVerdict(outcome({}))).toBe("succeeded");
});
