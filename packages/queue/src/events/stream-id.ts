/** What a stream's ids are compared with before its first entry. */
export const BEFORE_ALL = "0-0";

/** Whether one id of a Redis stream (`<ms>-<n>`) comes after another. */
export function isAfter(id: string, other: string): boolean {
  const [ms, n] = partsOf(id);
  const [otherMs, otherN] = partsOf(other);
  return ms === otherMs ? n > otherN : ms > otherMs;
}

/** When Redis wrote the entry, epoch milliseconds. */
export function timeOf(id: string): number {
  return partsOf(id)[0];
}

function partsOf(id: string): [ms: number, n: number] {
  const [ms = "0", n = "0"] = id.split("-", 2);
  return [Number(ms), Number(n)];
}
