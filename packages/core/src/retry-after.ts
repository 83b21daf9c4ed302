const DELAY_MS_MAX = 30 * 24 * 3_600_000;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

const TIME = String.raw`(?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})`;
/** The three forms of an HTTP-date (RFC 9110, 5.6.7) that a recipient has to understand. */
const HTTP_DATES = [
  String.raw`[a-z]{3}, (?<day>\d{2}) (?<month>[a-z]{3}) (?<year>\d{4}) ${TIME} GMT`, // IMF-fixdate
  String.raw`[a-z]{6,9}, (?<day>\d{2})-(?<month>[a-z]{3})-(?<year>\d{2}) ${TIME} GMT`, // RFC 850
  String.raw`[a-z]{3} (?<month>[a-z]{3}) (?<day>[ \d]\d) ${TIME} (?<year>\d{4})`, // asctime
].map((form) => new RegExp(`^${form}$`, "i"));

/**
 * A `Retry-After` header (RFC 9110, 10.2.3) as milliseconds from now: whole seconds or a date; 0 for a
 * moment that has passed, at most 30 days, null for what is neither.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | null {
  const text = value?.trim() ?? "";
  const delayMs = /^\d+$/.test(text) ? Number(text) * 1000 : untilDate(text, nowMs);
  return delayMs === null ? null : Math.min(Math.max(delayMs, 0), DELAY_MS_MAX);
}

function untilDate(text: string, nowMs: number): number | null {
  const fields = HTTP_DATES.map((form) => form.exec(text)?.groups).find((groups) => groups);
  if (fields === undefined) return null;
  const { day, month = "", year = "", hour, minute, second } = fields;
  const at = {
    month: MONTHS.indexOf(month.toLowerCase()),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
  };
  // 60 is a leap second.
  if (at.month < 0 || at.hour > 23 || at.minute > 59 || at.second > 60) return null;
  const midnight = new Date(0);
  midnight.setUTCFullYear(fullYear(year, nowMs), at.month, at.day);
  // The 31st of February has become a day in March.
  if (midnight.getUTCDate() !== at.day) return null;
  const dateMs = midnight.getTime() + ((at.hour * 60 + at.minute) * 60 + at.second) * 1000;
  return dateMs - nowMs;
}

/** Two digits that would be more than 50 years ahead are the latest such year in the past. */
function fullYear(year: string, nowMs: number): number {
  if (year.length === 4) return Number(year);
  const thisYear = new Date(nowMs).getUTCFullYear();
  const inThisCentury = thisYear - (thisYear % 100) + Number(year);
  return inThisCentury > thisYear + 50 ? inThisCentury - 100 : inThisCentury;
}
