/** What a stream's ids are compared with before its first entry. */
export const BEFORE_ALL = "0-0";

/** Whether one id comes after another: of a Redis stream (`<ms>-<n>`), or of an event within an entry (`<ms>-<n>-<m>`). */
export function isAfter(id: string, other: string): boolean {
  const [parts, others] = [partsOf(id), partsOf(other)];
  const at = parts.findIndex((part, n) => part !== others[n]);
  return (parts[at] ?? 0) > (others[at] ?? 0);
}

/** When Redis wrote the entry, epoch milliseconds. */
export function timeOf(id: string): number {
  return partsOf(id)[0];
}

/** The id of the n-th event of an entry that holds more: the last one has the id of the entry itself. */
export function within(entryId: string, n: number): string {
  return `${entryId}-${n}`;
}

export function isWithin(id: string): boolean {
  return partsOf(id)[2] !== LAST;
}

/** The id of the entry that an event is in. */
export function entryOf(id: string): string {
  return id.split("-", 2).join("-");
}

const LAST = Number.POSITIVE_INFINITY;

function partsOf(id: string): [ms: number, n: number, within: number] {
  const [ms = "0", n = "0", event] = id.split("-", 3);
  return [Number(ms), Number(n), event === undefined ? LAST : Number(event)];
}
