import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketOf, bucketUpperBound, mergeHistograms, percentile } from "./latency-histogram.ts";

const HOUR = 3_600_000;
const duration = fc.double({ min: 0, max: HOUR, noNaN: true });

function histogramOf(durations: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const ms of durations) counts.set(bucketOf(ms), (counts.get(bucketOf(ms)) ?? 0) + 1);
  return counts;
}

describe("a bucket", () => {
  it("has the number that stored histograms know it by", () => {
    const known = [0, 0.2, 1, 1.01, 100, 1000, 30_000, HOUR].map((ms) => bucketOf(ms));
    expect(known).toEqual([0, 1, 1, 2, 96, 143, 213, 311]);
  });

  it("takes what is out of range as the nearest duration in range", () => {
    expect([-5, NaN, HOUR + 1, Infinity].map((ms) => bucketOf(ms))).toEqual([0, 0, 311, 311]);
    expect([-1, 0, 311, 9999].map((n) => bucketUpperBound(n))).toEqual([0, 0, HOUR, HOUR]);
  });

  it("is at most 5 % above every duration of a millisecond or more that it counts", () => {
    fc.assert(
      fc.property(duration, (ms) => {
        const upper = bucketUpperBound(bucketOf(ms));
        expect(upper).toBeGreaterThanOrEqual(ms);
        expect(upper).toBeLessThanOrEqual(Math.max(1, ms * 1.05 * (1 + 1e-9)));
      }),
    );
  });

  it("of a longer duration is not a lower one", () => {
    fc.assert(
      fc.property(duration, duration, (a, b) => {
        expect(bucketOf(Math.min(a, b))).toBeLessThanOrEqual(bucketOf(Math.max(a, b)));
      }),
    );
  });

  it("is found by its own upper bound", () => {
    for (let n = 0; n <= 311; n += 1) expect(bucketOf(bucketUpperBound(n))).toBe(n);
  });
});

describe("a percentile", () => {
  it("of nothing is null", () => {
    expect(percentile(new Map(), 50)).toBeNull();
    expect(percentile(new Map([[3, 0]]), 50)).toBeNull();
  });

  it("is the nearest rank's, whatever the order of counting", () => {
    const counts = new Map([
      [300, 1],
      [0, 98],
      [1, 1],
    ]);
    expect(percentile(counts, 0)).toBe(0);
    expect(percentile(counts, 98)).toBe(0);
    expect(percentile(counts, 99)).toBe(1);
    expect(percentile(counts, 100)).toBe(bucketUpperBound(300));
  });

  it("is at most 5 % above the true one, and never below", () => {
    const p = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1 }), p, (durations, percent) => {
        const sorted = durations.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? NaN;
        const estimate = percentile(histogramOf(durations), percent) ?? NaN;
        expect(estimate).toBeGreaterThanOrEqual(exact);
        expect(estimate).toBeLessThanOrEqual(Math.max(1, exact * 1.05 * (1 + 1e-9)));
      }),
    );
  });
});

it("two histograms merge into the histogram of all durations, and stay as they were", () => {
  fc.assert(
    fc.property(fc.array(duration), fc.array(duration), (a, b) => {
      const left = histogramOf(a);
      expect(mergeHistograms(left, histogramOf(b))).toEqual(histogramOf([...a, ...b]));
      expect(left).toEqual(histogramOf(a));
    }),
  );
});
