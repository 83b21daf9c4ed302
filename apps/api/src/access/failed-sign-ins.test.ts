import { expect, test } from "vitest";
import { FailedSignIns } from "./failed-sign-ins.ts";

test("ten failures close the door to their address for five minutes, and to no other", () => {
  let now = 0;
  const failures = new FailedSignIns(() => now);
  for (let n = 0; n < 10; n += 1) {
    failures.assertFew("a");
    failures.note("a");
  }
  expect(() => failures.assertFew("a")).toThrow(
    expect.objectContaining({ code: "RATE_LIMITED", headers: { "Retry-After": "300" } }),
  );
  failures.assertFew("b");
  now = 299_999;
  expect(() => failures.assertFew("a")).toThrow();
  now = 300_000;
  failures.assertFew("a");
});

test("a flood of addresses takes bounded memory: the oldest are forgotten", () => {
  const failures = new FailedSignIns(() => 0);
  for (let n = 0; n < 10; n += 1) failures.note("first");
  for (let n = 0; n < 9999; n += 1) failures.note(`address-${n}`);
  expect(() => failures.assertFew("first")).toThrow();
  failures.note("one more");
  failures.assertFew("first");
});
