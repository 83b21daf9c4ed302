import type { TaskNumbers } from "@orchestrator/queue";
import { expect, test } from "vitest";
import { RecentNumbers, SAMPLE_EVERY_MS } from "./recent-numbers.ts";

function numbers(success: number, error: number, durations: [number, number][] = []): TaskNumbers {
  const byStatus = { queued: 0, running: 0, success, error, timeout: 0, cancelled: 0 };
  return { byStatus, retries: 0, durationMsSum: 0, durations: new Map(durations) };
}

test("only what ended within the window counts, by kind and by how long it took", () => {
  let nowMs = 0;
  const recent = new RecentNumbers(() => nowMs);
  recent.add({ tasks: numbers(100, 50, [[1, 150]]), droplets: new Map() });
  nowMs = 10_000;
  expect(
    recent.ofAll(
      numbers(107, 53, [
        [1, 155],
        [0, 5],
      ]),
    ),
  ).toEqual({
    seconds: 10,
    ended: 10,
    failed: 3,
    per_second: 1,
    error_rate_percent: 30,
    p50_response_time_ms: 0,
    p95_response_time_ms: 1,
    points: [{ at: 10, seconds: 10, ended: 10, failed: 3 }],
  });
});

test("before the first sample nothing is known, and nothing is claimed", () => {
  const recent = new RecentNumbers(() => 5);
  const { seconds, ended, per_second, points } = recent.ofAll(numbers(7, 1));
  expect([seconds, ended, per_second, points]).toEqual([0, 0, 0, []]);
  expect(recent.ofDroplet("echo", numbers(7, 1)).ended).toBe(0);
});

test("a droplet that is new since the oldest sample has all its tasks within the window", () => {
  let nowMs = 0;
  const recent = new RecentNumbers(() => nowMs);
  recent.add({ tasks: numbers(0, 0), droplets: new Map() });
  nowMs = 1000;
  const { ended, error_rate_percent } = recent.ofDroplet("echo", numbers(1, 1));
  expect([ended, error_rate_percent]).toEqual([2, 50]);
});

test("it never reaches back further than five minutes", () => {
  let nowMs = 0;
  const recent = new RecentNumbers(() => nowMs);
  for (let n = 0; n < 100; n++, nowMs += SAMPLE_EVERY_MS) {
    recent.add({ tasks: numbers(n, 0), droplets: new Map() });
  }
  const { seconds, ended } = recent.ofAll(numbers(100, 0));
  expect([seconds, ended]).toEqual([300, 20]);
});
