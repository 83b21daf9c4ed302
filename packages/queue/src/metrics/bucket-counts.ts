import type { BucketCounts } from "@orchestrator/core";

const COUNT_BYTES = 4;

/**
 * The histogram that `recordHistory` keeps as a string of 32-bit counts (big-endian, as BITFIELD writes them).
 * A string takes 4 bytes per bucket and a thousand of them are read in one go; a hash would take twenty times that.
 */
export function countsOfBuckets(packed: Buffer | null | undefined): BucketCounts {
  const counts = new Map<number, number>();
  const length = Math.floor((packed?.byteLength ?? 0) / COUNT_BYTES);
  for (let bucket = 0; bucket < length; bucket++) {
    const count = packed?.readUInt32BE(bucket * COUNT_BYTES) ?? 0;
    if (count > 0) counts.set(bucket, count);
  }
  return counts;
}
