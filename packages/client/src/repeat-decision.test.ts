import { expect, it } from "vitest";
import type { ErrorCode } from "./contract/error-codes.ts";
import { RefusedError, UnexpectedAnswerError, UnreachableError } from "./orchestrator-error.ts";
import { isWorthRepeating, repeatDelayMs } from "./repeat-decision.ts";

function refusal(code: ErrorCode): RefusedError {
  const facts = { message: "", status: 500, details: {}, traceId: "", retryAfterMs: null };
  return new RefusedError({ ...facts, code });
}

it.each<[name: string, error: unknown, safe: boolean, unsafe: boolean]>([
  ["no connection", new UnreachableError("http://x", "refused"), true, false],
  ["a proxy's 502", new UnexpectedAnswerError(502, ""), true, false],
  ["a proxy's 404", new UnexpectedAnswerError(404, ""), false, false],
  ["RATE_LIMITED", refusal("RATE_LIMITED"), true, true],
  ["QUEUE_FULL", refusal("QUEUE_FULL"), true, true],
  ["OVERLOADED", refusal("OVERLOADED"), true, true],
  ["QUEUE_UNAVAILABLE", refusal("QUEUE_UNAVAILABLE"), true, false],
  ["CIRCUIT_OPEN", refusal("CIRCUIT_OPEN"), false, false],
  ["INTERNAL_ERROR", refusal("INTERNAL_ERROR"), false, false],
  ["UNAUTHORIZED", refusal("UNAUTHORIZED"), false, false],
  ["IDEMPOTENCY_MISMATCH", refusal("IDEMPOTENCY_MISMATCH"), false, false],
])("%s: repeated when safe %j, when unsafe %j", (_name, error, safe, unsafe) => {
  expect(isWorthRepeating(error, "safe")).toBe(safe);
  expect(isWorthRepeating(error, "unsafe")).toBe(unsafe);
});

it("waits twice as long each time, half of it by chance, and never less than was asked for", () => {
  expect([1, 2, 3, 20].map((failures) => repeatDelayMs(failures, null, 0))).toEqual([
    200, 400, 800, 10_000,
  ]);
  expect(repeatDelayMs(1, null, 1)).toBe(100);
  expect(repeatDelayMs(1, 3000, 1)).toBe(3000);
});
