import { describe, expect, test } from "vitest";
import {
  cancelledEnd,
  deadlineEnd,
  decideAfterLoss,
  decideNextStep,
  type Situation,
  withdrawnEnd,
} from "./next-step.ts";
import type { Fault } from "./outcome.ts";
import { aLostAttempt, anAttempt, answered, aTask, NOW, unanswered } from "./testing/examples.ts";

function decide(differing: Partial<Situation>) {
  const usual = { task: aTask(), earlier: [], outcome: answered(200), durationMs: 10, nowMs: NOW };
  return decideNextStep({ ...usual, ...differing });
}
const after = (retries: number) => Array.from({ length: retries }, () => anAttempt());
const lost = (count: number) => Array.from({ length: count }, () => aLostAttempt());
const atMostOnce = aTask({ delivery: "at_most_once" });
const faultAtMostOnce = (fault: Fault) =>
  decide({ task: atMostOnce, outcome: unanswered({ fault }) });
const error = (code: string, message: unknown = expect.any(String)) => ({
  kind: "finish",
  end: { status: "error", error: { code, message } },
});
const timeout = (code: string) => ({ kind: "finish", end: { status: "timeout", error: { code } } });

describe("an answer", () => {
  test.each([200, 201, 204, 299])("of %d ends the task as success, without an error", (status) => {
    expect(decide({ outcome: answered(status) })).toEqual({
      kind: "finish",
      end: { status: "success", error: null },
      decision: `${status} is success`,
    });
  });

  test.each([300, 301, 304, 307, 308, 399, 400, 401, 404, 409, 422, 499, 501, 505])(
    "of %d is final: the same would be answered again",
    (status) => {
      const step = decide({ outcome: answered(status) });
      expect(step).toMatchObject(error("DROPLET_ERROR", `Droplet answered ${status}`));
      expect(step.decision).toBe(`${status} would be answered again`);
    },
  );

  test.each([408, 425, 429, 500, 502, 503, 504, 507, 599])("of %d is tried again", (status) => {
    expect(decide({ outcome: answered(status) })).toEqual({
      kind: "retry",
      delayMs: 1000,
      decision: `${status} may pass: retry 1 of 3 in 1000 ms`,
    });
  });

  test.each([408, 425, 429, 500, 503])("of %d is never tried again at most once", (status) => {
    const step = decide({ task: atMostOnce, outcome: answered(status) });
    expect(step).toMatchObject(error("DROPLET_ERROR", `Droplet answered ${status}`));
    expect(step.decision).toContain("at_most_once");
  });

  test("whose status is missing is no success", () => {
    const outcome = { ...answered(0), status: null };
    expect(decide({ outcome })).toMatchObject(error("DROPLET_ERROR", "Droplet answered 0"));
  });

  test("counts as success even after the last moment of timeout_ms", () => {
    const task = aTask({ timeoutMs: 5, deadlineAt: NOW - 1 });
    expect(decide({ task, durationMs: 50 })).toMatchObject({ end: { status: "success" } });
  });
});

describe("retries", () => {
  test("wait 1, 2, 4 and 8 s, and stop when all are made", () => {
    const task = aTask({ maxRetries: 4 });
    const steps = [0, 1, 2, 3, 4].map((made) =>
      decide({ task, earlier: after(made), outcome: answered(503) }),
    );
    expect(steps).toMatchObject([
      { kind: "retry", delayMs: 1000 },
      { kind: "retry", delayMs: 2000 },
      { kind: "retry", delayMs: 4000 },
      { kind: "retry", delayMs: 8000 },
      { ...error("DROPLET_ERROR"), decision: "503 may pass, but all 4 retries are made" },
    ]);
  });

  test("of 0 means one attempt", () => {
    const task = aTask({ maxRetries: 0 });
    expect(decide({ task, outcome: answered(503) })).toMatchObject(error("DROPLET_ERROR"));
    expect(decide({ task, outcome: unanswered() })).toMatchObject(error("DROPLET_UNREACHABLE"));
  });

  test("are not used up by attempts that vanished with their worker", () => {
    const earlier = [aLostAttempt(), anAttempt(), aLostAttempt()];
    expect(decide({ earlier, outcome: answered(503) })).toMatchObject({
      kind: "retry",
      delayMs: 2000,
      decision: "503 may pass: retry 2 of 3 in 2000 ms",
    });
  });

  test.each([
    [500, 1000],
    [1000, 1000],
    [1001, 1001],
    [7000, 7000],
    [0, 1000],
  ])("heed a Retry-After of %d ms only where it is longer: %d ms", (retryAfterMs, delayMs) => {
    expect(decide({ outcome: answered(429, retryAfterMs) })).toMatchObject({ delayMs });
  });

  test("that exhaust themselves end with the last answer, whatever Retry-After asks", () => {
    const outcome = answered(503, 60_000);
    expect(decide({ earlier: after(3), outcome })).toMatchObject(error("DROPLET_ERROR"));
  });
});

describe("a retry that would start at the deadline or after it", () => {
  test.each([
    [1001, "retry"],
    [1000, "finish"],
    [999, "finish"],
    [0, "finish"],
    [-5, "finish"],
  ])("is not scheduled: %d ms before it the next step is %s", (leftMs, kind) => {
    const task = aTask({ deadlineAt: NOW + leftMs });
    expect(decide({ task, outcome: answered(503) }).kind).toBe(kind);
  });

  test("ends the task as a timeout at once, and says why", () => {
    const task = aTask({ deadlineAt: NOW + 60_000 });
    const step = decide({ task, outcome: answered(503, 120_000) });
    expect(step).toMatchObject(timeout("DEADLINE_EXCEEDED"));
    expect(step.decision).toBe("503 may pass, but a retry in 120000 ms would miss the deadline");
  });
});

describe("a retry that would reach past timeout_ms", () => {
  test.each([
    [3021, "retry"],
    [3020, "finish"],
    [3019, "finish"],
  ])("is not scheduled: of %d ms in all, 1,020 used and 2,000 to wait: %s", (timeoutMs, kind) => {
    const task = aTask({ timeoutMs });
    // One attempt of 10 ms and the wait of 1 s after it, then this one of 10 ms; the next wait is 2 s.
    expect(decide({ task, earlier: after(1), outcome: answered(503) }).kind).toBe(kind);
  });

  test("ends the task as a timeout at once, and says why", () => {
    const step = decide({ task: aTask({ timeoutMs: 5000 }), outcome: answered(503, 6000) });
    const why = "a retry in 6000 ms would reach past timeout_ms (5000)";
    expect(step).toEqual({
      kind: "finish",
      end: { status: "timeout", error: { code: "TIMEOUT", message: `Out of time: ${why}` } },
      decision: `503 may pass, but ${why}`,
    });
  });

  test("is judged without the time that a vanished worker took, or that the task was parked", () => {
    const earlier = [
      aLostAttempt({ durationMs: 60_000 }),
      anAttempt({ startedAt: NOW - 900_000, durationMs: 10 }),
    ];
    const task = aTask({ timeoutMs: 3021 });
    expect(decide({ task, earlier, outcome: answered(503) }).kind).toBe("retry");
  });
});

describe("a fault", () => {
  test("of the network is tried again, with certainty of nothing", () => {
    for (const certainty of ["not_sent", "sent_no_response"] as const) {
      expect(decide({ outcome: unanswered({ certainty }) })).toMatchObject({
        kind: "retry",
        delayMs: 1000,
        decision: "no answer came: retry 1 of 3 in 1000 ms",
      });
    }
    expect(decide({ earlier: after(3), outcome: unanswered() })).toMatchObject(
      error("DROPLET_UNREACHABLE", "read ECONNRESET"),
    );
  });

  test("of an attempt's own limit is tried again, and ends as a timeout", () => {
    const outcome = unanswered({ fault: "attempt_timeout", message: "No response within 9 ms" });
    expect(decide({ outcome })).toMatchObject({ kind: "retry", delayMs: 1000 });
    expect(decide({ earlier: after(3), outcome })).toMatchObject(timeout("TIMEOUT"));
  });

  test.each<[Fault, object]>([
    ["time_up", timeout("TIMEOUT")],
    ["deadline", { kind: "finish", end: deadlineEnd() }],
    ["cancelled", { kind: "finish", end: cancelledEnd() }],
    ["response_too_large", error("RESPONSE_TOO_LARGE", "in words")],
    ["bad_response", error("BAD_RESPONSE", "in words")],
    ["target_forbidden", error("TARGET_FORBIDDEN", "in words")],
  ])("of kind %s is never tried again", (fault, end) => {
    for (const delivery of ["at_least_once", "at_most_once"] as const) {
      const task = aTask({ delivery });
      const outcome = unanswered({ fault, message: "in words", certainty: "not_sent" });
      expect(decide({ task, outcome })).toMatchObject(end);
    }
  });

  test.each<Fault>(["unreachable", "attempt_timeout", "time_up"])(
    "of kind %s after sending ends an at_most_once task as unknown",
    (fault) => {
      const step = faultAtMostOnce(fault);
      expect(step).toMatchObject(
        error("OUTCOME_UNKNOWN", "Sent, but no response came: read ECONNRESET"),
      );
      expect(step.decision).toContain("at_most_once");
    },
  );

  test.each<Fault>(["unreachable", "attempt_timeout"])(
    "of kind %s before anything was sent is tried again, even at most once",
    (fault) => {
      const outcome = unanswered({ fault, certainty: "not_sent" });
      expect(decide({ task: atMostOnce, outcome })).toMatchObject({ kind: "retry" });
    },
  );

  test("ends an at_most_once task by its own name when it was answered, cancelled or too late", () => {
    expect(faultAtMostOnce("deadline")).toMatchObject({ end: deadlineEnd() });
    expect(faultAtMostOnce("cancelled")).toMatchObject({ end: cancelledEnd() });
    expect(faultAtMostOnce("bad_response")).toMatchObject(error("BAD_RESPONSE"));
    expect(faultAtMostOnce("response_too_large")).toMatchObject(error("RESPONSE_TOO_LARGE"));
  });

  test("without words still ends the task with a message that is text", () => {
    const outcome = unanswered({ fault: "bad_response", message: null });
    expect(decide({ outcome })).toMatchObject(error("BAD_RESPONSE", ""));
  });
});

describe("a lost attempt", () => {
  test("is followed by another, until the third", () => {
    expect(decideAfterLoss(aTask(), lost(1))).toEqual({ kind: "go_on" });
    expect(decideAfterLoss(aTask(), [...lost(1), anAttempt(), ...lost(1)])).toEqual({
      kind: "go_on",
    });
    expect(decideAfterLoss(aTask(), [...lost(2), anAttempt(), ...lost(1)])).toMatchObject(
      error("WORKER_LOST", "3 workers vanished while calling the droplet for this task"),
    );
  });

  test("goes on although all retries are made: a loss is no retry", () => {
    expect(decideAfterLoss(aTask({ maxRetries: 0 }), lost(1))).toEqual({ kind: "go_on" });
  });

  test("ends an at_most_once task as unknown at once", () => {
    expect(decideAfterLoss(atMostOnce, lost(1))).toMatchObject(error("OUTCOME_UNKNOWN"));
  });
});

test("ends that come from outside are named as the contract has them", () => {
  expect(cancelledEnd()).toMatchObject({ status: "cancelled", error: { code: "CANCELLED" } });
  expect(withdrawnEnd()).toMatchObject({ status: "cancelled", error: { code: "CANCELLED" } });
  expect(withdrawnEnd()).not.toEqual(cancelledEnd());
  expect(deadlineEnd()).toMatchObject({ status: "timeout", error: { code: "DEADLINE_EXCEEDED" } });
});
