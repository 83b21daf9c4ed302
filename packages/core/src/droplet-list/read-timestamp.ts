const ISO_DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?(?:[Zz]|([+-]\d{2}):?(\d{2}))?$/;
/** 10^11 s is the year 5138 and 10^11 ms is 1973: no timestamp of a Registry is near either. */
const EPOCH_MS_MIN = 1e11;

/**
 * Milliseconds since the epoch of an ISO 8601 date-time or of an epoch in seconds or milliseconds;
 * null when it is neither. A date-time without a zone is UTC: that is what Python's `isoformat`
 * writes, and the zone of this machine must not decide which of two entries is newer.
 */
export function readTimestamp(value: unknown): number | null {
  if (typeof value === "number") return fromEpoch(value);
  if (typeof value !== "string") return null;
  const text = value.trim();
  if (/^\d{1,16}(?:\.\d{1,9})?$/.test(text)) return fromEpoch(Number(text));
  const parts = ISO_DATE_TIME.exec(text);
  if (parts === null) return null;
  const [, date, time, zoneHours, zoneMinutes] = parts;
  const zone = zoneHours === undefined ? "Z" : `${zoneHours}:${zoneMinutes}`;
  const ms = Date.parse(`${date}T${time}${zone}`);
  return Number.isNaN(ms) ? null : ms;
}

function fromEpoch(value: number): number | null {
  if (!Number.isFinite(value) || value <= 0) return null;
  return value < EPOCH_MS_MIN ? value * 1000 : value;
}
