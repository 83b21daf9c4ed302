import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readWaitPreference, type WaitRequest } from "./wait-preference.ts";

const MAX = 35_000;

function read(differing: Partial<WaitRequest>) {
  const nothing = { query: undefined, prefer: undefined };
  return readWaitPreference({ ...nothing, waitMaxMs: MAX, defaultsToWaiting: true, ...differing });
}

test("a caller who says nothing waits as long as one may, where waiting is the default", () => {
  expect(read({})).toEqual({ kind: "wait", ms: MAX, applied: null });
  expect(read({ defaultsToWaiting: false })).toEqual({ kind: "respond_async", applied: null });
});

test.each([
  ["true", { kind: "wait", ms: MAX, applied: null }],
  ["false", { kind: "respond_async", applied: null }],
  ["12.5", { kind: "wait", ms: 12_500, applied: null }],
  ["0.001", { kind: "wait", ms: 1, applied: null }],
  ["007", { kind: "wait", ms: 7000, applied: null }],
  ["0", { kind: "respond_async", applied: null }],
  ["0.0", { kind: "respond_async", applied: null }],
  ["35", { kind: "wait", ms: MAX, applied: null }],
  ["35.001", { kind: "wait", ms: MAX, applied: null }],
  ["999999999", { kind: "wait", ms: MAX, applied: null }],
])("?wait=%s is understood, and cut to the maximum", (query, wait) => {
  expect(read({ query })).toEqual(wait);
  expect(read({ query, defaultsToWaiting: false })).toEqual(wait);
});

test.each([
  "",
  " ",
  "yes",
  "TRUE",
  "-1",
  "+1",
  "1e3",
  "0x10",
  ".5",
  "5.",
  "5s",
  "1,5",
  " 5",
  "5\n",
  "Infinity",
  "NaN",
  "1234567890",
  ["5", "5"],
  { a: "5" },
  null,
  5,
])("?wait=%j is refused by name, never guessed", (query) => {
  expect(read({ query })).toMatchObject({ kind: "invalid", field: "wait" });
});

test.each([
  ["respond-async", { kind: "respond_async", applied: "respond-async" }],
  ["Respond-Async", { kind: "respond_async", applied: "respond-async" }],
  ["wait=12", { kind: "wait", ms: 12_000, applied: "wait=12" }],
  ['wait="12"', { kind: "wait", ms: 12_000, applied: "wait=12" }],
  ["WAIT = 12", { kind: "wait", ms: 12_000, applied: "wait=12" }],
  ["wait=12; strict=1", { kind: "wait", ms: 12_000, applied: "wait=12" }],
  ["wait=99999", { kind: "wait", ms: MAX, applied: "wait=99999" }],
  ["wait=0", { kind: "respond_async", applied: "wait=0" }],
  ["respond-async, wait=10", { kind: "wait", ms: 10_000, applied: "wait=10" }],
  ["wait=10, respond-async", { kind: "wait", ms: 10_000, applied: "wait=10" }],
  ["respond-async, wait=0", { kind: "respond_async", applied: "wait=0" }],
  ["wait=3, wait=9", { kind: "wait", ms: 3000, applied: "wait=3" }],
  ["return=minimal, respond-async", { kind: "respond_async", applied: "respond-async" }],
  ["return=minimal", { kind: "wait", ms: MAX, applied: null }],
  ['note="a, wait=3", respond-async', { kind: "respond_async", applied: "respond-async" }],
  ['note="a \\", wait=3"', { kind: "wait", ms: MAX, applied: null }],
  ['note="never closed, wait=3', { kind: "wait", ms: MAX, applied: null }],
  [", ,", { kind: "wait", ms: MAX, applied: null }],
  ["", { kind: "wait", ms: MAX, applied: null }],
])("Prefer: %s is understood as RFC 7240 has it", (prefer, wait) => {
  expect(read({ prefer })).toEqual(wait);
});

test.each(["wait", "wait=", "wait=soon", "wait=-1", "wait=1e3", "respond-async, wait=x"])(
  "Prefer: %s is refused by name",
  (prefer) => {
    expect(read({ prefer })).toMatchObject({ kind: "invalid", field: "Prefer" });
  },
);

test("the query beats Prefer, even where Prefer is unreadable", () => {
  const waitOfTwo = { kind: "wait", ms: 2000, applied: null };
  expect(read({ query: "2", prefer: "respond-async" })).toEqual(waitOfTwo);
  expect(read({ query: "2", prefer: "wait=x" })).toEqual(waitOfTwo);
  expect(read({ query: "false", prefer: "wait=9" })).toMatchObject({ kind: "respond_async" });
  expect(read({ query: "x", prefer: "wait=9" })).toMatchObject({ kind: "invalid", field: "wait" });
});

test("a wait is more than nothing and at most the maximum, whatever was sent", () => {
  const text = fc.oneof(fc.string(), fc.double().map(String), fc.nat().map(String));
  const prefer = text.map((value) => `wait=${value}`);
  fc.assert(
    fc.property(text, prefer, fc.integer({ min: 1, max: MAX }), (query, header, waitMaxMs) => {
      for (const wait of [read({ query, waitMaxMs }), read({ prefer: header, waitMaxMs })]) {
        if (wait.kind !== "wait") continue;
        expect(wait.ms).toBeGreaterThan(0);
        expect(wait.ms).toBeLessThanOrEqual(waitMaxMs);
      }
    }),
  );
});
