import * as fc from "fast-check";
import { expect, it } from "vitest";
import { readTimestamp } from "./read-timestamp.ts";

const NEW_YEAR = Date.UTC(2026, 0, 1);

it.each([
  ["2026-01-01T00:00:00Z", NEW_YEAR],
  ["2026-01-01T00:00:00.123456", NEW_YEAR + 123],
  ["2026-01-01 00:00:00", NEW_YEAR],
  ["2026-01-01t00:00z", NEW_YEAR],
  ["2026-01-01T01:00:00+01:00", NEW_YEAR],
  ["2026-01-01 01:00:00 +0100", NEW_YEAR],
  [NEW_YEAR / 1000, NEW_YEAR],
  [NEW_YEAR / 1000 + 0.5, NEW_YEAR + 500],
  [NEW_YEAR, NEW_YEAR],
  [` ${NEW_YEAR / 1000}.5 `, NEW_YEAR + 500],
  [String(NEW_YEAR), NEW_YEAR],
])("%j is a moment", (value, ms) => {
  expect(readTimestamp(value)).toBe(ms);
});

const NO_MOMENTS = [
  ["", "today", "2026-01-01", "2026-13-01T00:00:00Z", "Thu, 01 Jan 2026 00:00:00 GMT", "0"],
  ["1".repeat(50), null, undefined, true, {}, 0, -5, NaN, Infinity],
];

it.each(NO_MOMENTS.flat())("%j is none", (value) => {
  expect(readTimestamp(value)).toBeNull();
});

it("reads back what toISOString wrote", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1e11, max: 4e12 }), (ms) => {
      expect(readTimestamp(new Date(ms).toISOString())).toBe(ms);
      expect(readTimestamp(ms)).toBe(ms);
    }),
  );
});
