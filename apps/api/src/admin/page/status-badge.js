import { html } from "./htm-preact.js";

const MARKS = { queued: "○", running: "◐", success: "✓", error: "✕", timeout: "◷", cancelled: "–" };

/** A status in word, mark and colour: never by colour alone. @param {{ status: keyof typeof MARKS }} of */
export function StatusBadge({ status }) {
  return html`<span class=${`badge ${status}`}
    ><span aria-hidden="true">${MARKS[status]}</span> ${status}</span
  >`;
}

const CIRCUITS = {
  closed: ["good", "closed"],
  open: ["bad", "open"],
  half_open: ["warn", "half open"],
  forced_open: ["bad", "forced open"],
  forced_closed: ["warn", "forced closed"],
};

/** @param {{ state: keyof typeof CIRCUITS }} of */
export function CircuitBadge({ state }) {
  const [tone, word] = CIRCUITS[state];
  return html`<span class=${`badge tone-${tone}`}>${word}</span>`;
}

/** The text of a droplet's limits. @param {{ concurrency: number | null, rate: { max: number, per_ms: number } | null }} limits */
export function describeLimits({ concurrency, rate }) {
  const parts = [];
  if (concurrency !== null) parts.push(`${concurrency} at a time`);
  if (rate !== null) parts.push(`${rate.max} ${describeSpan(rate.per_ms)}`);
  return parts.join(", ") || "none";
}

/** @param {number} ms */
function describeSpan(ms) {
  if (ms === 1000) return "per second";
  if (ms === 60_000) return "per minute";
  return ms % 1000 === 0 ? `per ${ms / 1000} s` : `per ${ms} ms`;
}
