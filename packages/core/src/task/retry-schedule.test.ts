import { expect, test } from "vitest";
import {
  backoffMs,
  backoffSchedule,
  isRetryableStatus,
  isSuccessStatus,
} from "./retry-schedule.ts";

const statuses = Array.from({ length: 500 }, (_, index) => index + 100);

test("the waits are 1, 2 and 4 s, and double for as long as retries are left", () => {
  expect(backoffSchedule(3)).toEqual([1000, 2000, 4000]);
  expect(backoffSchedule(20).at(-1)).toBe(2 ** 19 * 1000);
  expect(backoffSchedule(20)).toEqual(Array.from({ length: 20 }, (_, n) => backoffMs(n + 1)));
});

test("a task without retries has no waits", () => {
  expect(backoffSchedule(0)).toEqual([]);
});

test("success is 2xx and nothing else", () => {
  const successes = statuses.filter(isSuccessStatus);
  expect(successes).toEqual(Array.from({ length: 100 }, (_, index) => index + 200));
});

test("what may pass is 408, 425, 429 and every 5xx but 501 and 505", () => {
  const server = Array.from({ length: 100 }, (_, index) => index + 500);
  const lasting = new Set([501, 505]);
  expect(statuses.filter(isRetryableStatus)).toEqual([
    408,
    425,
    429,
    ...server.filter((status) => !lasting.has(status)),
  ]);
});
