import { bucketOf } from "@orchestrator/core";
import { expect, test } from "vitest";
import { countsOfBuckets } from "./bucket-counts.ts";

test("32-bit counts one after the other are the histogram; empty buckets are left out", () => {
  const packed = Buffer.alloc(4 * 150);
  packed.writeUInt32BE(3, 0);
  packed.writeUInt32BE(4_000_000_000, 4 * bucketOf(1000));
  expect(countsOfBuckets(packed)).toEqual(
    new Map([
      [0, 3],
      [bucketOf(1000), 4_000_000_000],
    ]),
  );
});

test("nothing stored is an empty histogram", () => {
  expect(countsOfBuckets(null).size).toBe(0);
  expect(countsOfBuckets(undefined).size).toBe(0);
  expect(countsOfBuckets(Buffer.alloc(0)).size).toBe(0);
});
