/**
 * A histogram of durations whose buckets grow by 5 %: any percentile is at most 5 % too high, and the
 * histograms of several processes are merged by adding. The bucket numbers are stored; changing the
 * growth makes all stored histograms wrong.
 *
 * Bucket 0 is exactly 0 ms, bucket 1 is up to 1 ms, and so on up to one hour (bucket 311), the longest
 * that an attempt or a task may take; what is longer counts as an hour.
 */
const GROWTH = 1.05;
const DURATION_MS_MAX = 3_600_000;
const LAST_BUCKET = 1 + Math.ceil(Math.log(DURATION_MS_MAX) / Math.log(GROWTH));

/** How many buckets there are. */
export const DURATION_BUCKETS = LAST_BUCKET + 1;

export type BucketCounts = ReadonlyMap<number, number>;

/** The number of the bucket that counts a duration: the first whose upper bound is not below it. */
export function bucketOf(ms: number): number {
  let low = 0;
  let high = LAST_BUCKET;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (bucketUpperBound(middle) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The longest duration, in ms, that bucket `n` counts. */
export function bucketUpperBound(n: number): number {
  return n <= 0 ? 0 : Math.min(GROWTH ** (n - 1), DURATION_MS_MAX);
}

/**
 * The duration in ms that `p` percent (0–100) of the counted ones do not exceed, by nearest rank; null
 * when nothing was counted.
 */
export function percentile(counts: BucketCounts, p: number): number | null {
  const buckets = [...counts].filter(([, count]) => count > 0).toSorted(([a], [b]) => a - b);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  const rank = Math.max(1, Math.ceil((p / 100) * total));
  let seen = 0;
  for (const [bucket, count] of buckets) {
    seen += count;
    if (seen >= rank) return bucketUpperBound(bucket);
  }
  return null;
}

/** The histogram of both. */
export function mergeHistograms(a: BucketCounts, b: BucketCounts): Map<number, number> {
  const merged = new Map(a);
  for (const [bucket, count] of b) merged.set(bucket, (merged.get(bucket) ?? 0) + count);
  return merged;
}
