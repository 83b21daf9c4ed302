import { expect, test } from "vitest";
import { isLost, lostAttempts, retriesDecided, retriesMade } from "./attempt.ts";
import { aLostAttempt, anAttempt } from "./testing/examples.ts";

const retried = anAttempt();
const last = anAttempt({ retryInMs: null });
const lost = aLostAttempt();

test.each([
  ["no attempt yet", [], false, 0],
  ["the first attempt under way", [], true, 0],
  ["success at the first attempt", [last], false, 0],
  ["a retry decided, whose attempt has not begun", [retried], false, 0],
  ["a retry under way", [retried], true, 1],
  ["a retry that ended", [retried, last], false, 1],
  ["a second retry decided, not begun", [retried, retried], false, 1],
  ["all three retries failed", [retried, retried, retried, last], false, 3],
  ["the first attempt lost", [lost], false, 0],
  ["an attempt that follows a lost one", [lost], true, 0],
  ["success after a lost attempt", [lost, last], false, 0],
  ["a retry that was lost", [retried, lost], false, 1],
  ["what follows a lost retry", [retried, lost], true, 1],
  ["a retry decided after a loss, not begun", [lost, retried], false, 0],
  ["a retry under way after a loss", [lost, retried], true, 1],
  ["losses before, between and after", [lost, retried, lost, retried, lost, last], false, 2],
])("%s: the retries really made are counted, losses never", (_, attempts, hasOpen, count) => {
  expect(retriesMade(attempts, hasOpen)).toBe(count);
});

test("a retry after a wait of nothing is a retry", () => {
  const atOnce = anAttempt({ retryInMs: 0 });
  expect(retriesDecided([atOnce, last])).toBe(1);
  expect(retriesMade([atOnce], false)).toBe(0);
  expect(retriesMade([atOnce], true)).toBe(1);
});

test("only an attempt whose worker vanished is lost", () => {
  expect([retried, last, lost].map(isLost)).toEqual([false, false, true]);
  expect(isLost(anAttempt({ error: "read ECONNRESET" }))).toBe(false);
  expect(lostAttempts([lost, retried, lost, last])).toBe(2);
});
