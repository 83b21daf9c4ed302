import { expect, test } from "vitest";
import { logSeldom } from "./log-seldom.ts";

function collector() {
  const lines: Record<string, unknown>[] = [];
  return { lines, write: (line: Record<string, unknown>) => void lines.push(line) };
}

test("the same trouble is logged once in ten seconds, with how often it was left out", () => {
  const { lines, write } = collector();
  let now = 0;
  const report = logSeldom(write, "redis.failed", () => now);
  for (let port = 1; port <= 5; port++) report(new Error(`connect ECONNREFUSED 127.0.0.1:${port}`));
  expect(lines).toHaveLength(1);
  now = 10_000;
  report(new Error("connect ECONNREFUSED 127.0.0.1:6"));
  expect(lines).toMatchObject([{ event: "redis.failed" }, { event: "redis.failed", left_out: 4 }]);
});

test("another kind of trouble is logged at once", () => {
  const { lines, write } = collector();
  const report = logSeldom(write, "redis.failed", () => 0);
  report(new Error("connect ECONNREFUSED"));
  report(new TypeError("of undefined"));
  report("text");
  expect(lines).toHaveLength(3);
});
