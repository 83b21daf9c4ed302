import { bucketOf, DURATION_BUCKETS } from "@orchestrator/core";
import { expect, test } from "vitest";
import { ALL_TASKS, countsOfSlot } from "./duration-counts.ts";

test("32-bit counts one after the other are the histogram of a slot; empty buckets are left out", () => {
  const packed = Buffer.alloc(4 * (DURATION_BUCKETS + 150));
  packed.writeUInt32BE(3, 0);
  packed.writeUInt32BE(4_000_000_000, 4 * bucketOf(1000));
  packed.writeUInt32BE(7, 4 * (DURATION_BUCKETS - 1));
  packed.writeUInt32BE(5, 4 * (DURATION_BUCKETS + 149));
  expect(countsOfSlot(packed, ALL_TASKS)).toEqual(
    new Map([
      [0, 3],
      [bucketOf(1000), 4_000_000_000],
      [DURATION_BUCKETS - 1, 7],
    ]),
  );
  expect(countsOfSlot(packed, 1)).toEqual(new Map([[149, 5]]));
});

test("nothing stored is an empty histogram", () => {
  expect(countsOfSlot(null, ALL_TASKS).size).toBe(0);
  expect(countsOfSlot(Buffer.alloc(0), ALL_TASKS).size).toBe(0);
  expect(countsOfSlot(Buffer.alloc(400), 2).size).toBe(0);
  expect(countsOfSlot(Buffer.alloc(400), undefined).size).toBe(0);
});
