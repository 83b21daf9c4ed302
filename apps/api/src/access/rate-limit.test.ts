import { expect, test } from "vitest";
import { parseRateLimit } from "./rate-limit.ts";

test.each([
  ["100/60", { max: 100, perS: 60 }],
  ["1/1", { max: 1, perS: 1 }],
])("%s", (text, limit) => {
  expect(parseRateLimit(text)).toEqual(limit);
});

test.each([
  "",
  "100",
  "0/60",
  "100/0",
  "-1/60",
  "1.5/60",
  "100/60s",
  " 100/60",
  "1e3/60",
  "1/2/3",
  "9999999999/1",
])("%j is no limit", (text) => {
  expect(parseRateLimit(text)).toBeNull();
});
