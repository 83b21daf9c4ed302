import * as fc from "fast-check";
import { expect, it } from "vitest";
import { parseRetryAfter } from "./retry-after.ts";

const NOW = Date.UTC(1994, 10, 6, 8, 49, 0);

it.each([
  ["0", 0],
  ["120", 120_000],
  [" 7 ", 7000],
  ["007", 7000],
  ["Sun, 06 Nov 1994 08:49:37 GMT", 37_000],
  ["Sunday, 06-Nov-94 08:49:37 GMT", 37_000],
  ["Sun Nov  6 08:49:37 1994", 37_000],
  ["Wed Nov 16 08:49:00 1994", 10 * 86_400_000],
  ["sun, 06 nov 1994 08:49:37 gmt", 37_000],
  ["Sun, 06 Nov 1994 08:49:60 GMT", 60_000],
  ["Sat, 05 Nov 1994 08:49:37 GMT", 0],
])("%j is %d ms", (value, ms) => {
  expect(parseRetryAfter(value, NOW)).toBe(ms);
});

it.each([
  undefined,
  "",
  "soon",
  "-1",
  "1.5",
  "1e3",
  "0x10",
  "60, 120",
  "Sun, 31 Feb 1994 08:49:37 GMT",
  "Sun, 99 Nov 1994 08:49:37 GMT",
  "Sun, 00 Nov 1994 08:49:37 GMT",
  "Sun, 06 Foo 1994 08:49:37 GMT",
  "Sun, 06 Nov 1994 24:00:00 GMT",
  "Sun, 06 Nov 1994 08:60:00 GMT",
  "Sun, 06 Nov 1994 08:49:61 GMT",
  "Sun, 06 Nov 1994 08:49:37 PST",
  "1994-11-06T08:49:37Z",
])("%j is no Retry-After", (value) => {
  expect(parseRetryAfter(value, NOW)).toBeNull();
});

it("waits for 30 days at most", () => {
  const days30 = 30 * 86_400_000;
  expect(parseRetryAfter("9".repeat(400), NOW)).toBe(days30);
  expect(parseRetryAfter("Sun, 06 Nov 2044 08:49:37 GMT", NOW)).toBe(days30);
});

it("reads a year of two digits as at most 50 years ahead", () => {
  const now = Date.UTC(2026, 0, 1);
  expect(parseRetryAfter("Sunday, 06-Nov-94 08:49:37 GMT", now)).toBe(0);
  expect(parseRetryAfter("Friday, 02-Jan-26 00:00:00 GMT", now)).toBe(86_400_000);
  expect(parseRetryAfter("Friday, 02-Jan-76 00:00:00 GMT", now)).toBe(30 * 86_400_000);
});

it("understands every date that toUTCString writes, to the second", () => {
  const dateMs = fc.integer({ min: 0, max: 4e9 }).map((seconds) => seconds * 1000);
  fc.assert(
    fc.property(dateMs, fc.integer({ min: 0, max: 86_400 }), (nowMs, seconds) => {
      const header = new Date(nowMs + seconds * 1000).toUTCString();
      expect(parseRetryAfter(header, nowMs)).toBe(seconds * 1000);
    }),
  );
});

it("is null or a wait from 0 to 30 days, whatever the header says", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.date().map(String)), fc.nat(), (value, nowMs) => {
      const ms = parseRetryAfter(value, nowMs) ?? 0;
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThanOrEqual(30 * 86_400_000);
    }),
  );
});
