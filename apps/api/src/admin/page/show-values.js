/** @param {number | null | undefined} ms */
export function showDuration(ms) {
  if (ms == null) return "–";
  if (ms < 1) return "0 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** The time of day, with the day when it is another one. @param {number | null | undefined} epochSeconds */
export function showTime(epochSeconds) {
  if (epochSeconds == null) return "–";
  const date = new Date(epochSeconds * 1000);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = date.toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  return isToday
    ? time
    : `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${time}`;
}

/** To the millisecond, in UTC: as logs have it. @param {number} epochSeconds */
export function showExactTime(epochSeconds) {
  return new Date(epochSeconds * 1000).toISOString();
}

/** @param {number | null | undefined} seconds */
export function showAge(seconds) {
  if (seconds == null) return "never";
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

/** @param {number} count */
export function showCount(count) {
  return count.toLocaleString("en-GB");
}

/** @param {number} count @param {string} one @param {string} [many] */
export function plural(count, one, many = `${one}s`) {
  return `${showCount(count)} ${count === 1 ? one : many}`;
}

/** @param {number} percent */
export function showPercent(percent) {
  if (percent === 0) return "0 %";
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** @param {unknown} value */
export function showJson(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
