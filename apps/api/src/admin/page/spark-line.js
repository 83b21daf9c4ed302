import { html } from "./htm-preact.js";

const WIDTH = 300;
const HEIGHT = 48;

/**
 * Tasks a second over the last minutes: what ended as a line, what failed of it as bars below.
 * @param {{ points: { at: number, seconds: number, ended: number, failed: number }[] }} of
 */
export function SparkLine({ points }) {
  const rates = points.map(({ seconds, ended, failed }) => ({
    ended: ended / Math.max(seconds, 0.5),
    failed: failed / Math.max(seconds, 0.5),
  }));
  const highest = Math.max(0.1, ...rates.map(({ ended }) => ended));
  const x = (/** @type {number} */ at) =>
    rates.length < 2 ? 0 : (at / (rates.length - 1)) * WIDTH;
  const y = (/** @type {number} */ rate) => HEIGHT - 2 - (rate / highest) * (HEIGHT - 6);
  const line = rates.map(({ ended }, at) => `${x(at).toFixed(1)},${y(ended).toFixed(1)}`).join(" ");
  const last = rates.at(-1)?.ended ?? 0;
  const label = `Tasks ended a second over the last ${Math.round(points.reduce((sum, { seconds }) => sum + seconds, 0) / 60)} minutes: now ${last.toFixed(1)}, at most ${highest.toFixed(1)}`;
  return html`<svg
    class="spark"
    viewBox=${`0 0 ${WIDTH} ${HEIGHT}`}
    preserveAspectRatio="none"
    role="img"
    aria-label=${label}
  >
    <line class="base" x1="0" x2=${WIDTH} y1=${HEIGHT - 1} y2=${HEIGHT - 1} />
    ${rates.length > 1 && html`<polygon class="area" points=${`0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}`} />`}
    ${rates.length > 1 && html`<polyline class="ended" points=${line} />`}
    ${rates.map(({ failed }, at) =>
      failed === 0
        ? null
        : html`<line class="failed" x1=${x(at)} x2=${x(at)} y1=${HEIGHT - 1} y2=${y(failed)} />`,
    )}
  </svg>`;
}
