import { Refused } from "./call-api.js";
import { html, useState } from "./htm-preact.js";
import { MeshFigures } from "./mesh-figures.js";
import { plural, showCount, showDuration, showPercent } from "./show-values.js";
import { CircuitBadge, describeLimits } from "./status-badge.js";
import { Loading, Trouble } from "./trouble.js";
import { usePolled } from "./use-polled.js";
import { linkTo } from "./use-route.js";

const EVERY_MS = 2000;

/** Numbers of a droplet that nobody has called. */
const NONE = {
  queued: 0,
  running: 0,
  recent: {
    ended: 0,
    failed: 0,
    error_rate_percent: 0,
    p50_response_time_ms: null,
    p95_response_time_ms: null,
  },
};

/** @typedef {{ droplet: any, numbers: any }} Row */

/** @type {Record<string, (row: Row) => number | string>} */
const ORDERS = {
  attention: ({ droplet, numbers }) => -needOf(droplet, numbers),
  name: ({ droplet }) => droplet.name.toLowerCase(),
  queued: ({ numbers }) => -numbers.queued,
  errors: ({ numbers }) => -numbers.recent.error_rate_percent,
  slowest: ({ numbers }) => -(numbers.recent.p95_response_time_ms ?? 0),
};

/** The whole mesh: what holds it up, and every droplet, those that need somebody first. */
export function MeshView() {
  const metrics = usePolled("metrics", EVERY_MS);
  const list = usePolled("droplets", EVERY_MS);
  const health = usePolled("health", EVERY_MS);
  const state = usePolled("state", EVERY_MS);
  const [order, setOrder] = useState("attention");
  // That there is no list is said by the figures.
  const hasNoList = list.error instanceof Refused && list.error.code === "REGISTRY_ERROR";
  const error = metrics.error ?? health.error ?? (hasNoList ? null : list.error);
  return html`<h1>Mesh</h1>
    <${Trouble} error=${error} hasValue=${metrics.value !== null} />
    <${MeshFigures}
      health=${health.value}
      metrics=${metrics.value}
      workers=${state.value?.workers ?? []}
    />
    <div class="section-head">
      <h2>Droplets</h2>
      <label class="inline"
        >Order
        <select
          value=${order}
          onChange=${(/** @type {any} */ event) => setOrder(event.target.value)}
        >
          <option value="attention">what needs attention</option>
          <option value="name">name</option>
          <option value="queued">queue</option>
          <option value="errors">error rate</option>
          <option value="slowest">slowest</option>
        </select>
      </label>
    </div>
    ${
      list.value === null
        ? error === null &&
          (hasNoList ? html`<p class="empty">No droplets are known.</p>` : html`<${Loading} />`)
        : html`<${DropletTable}
            droplets=${list.value.droplets}
            numbers=${metrics.value?.droplets ?? {}}
            order=${order}
          />`
    }`;
}

/** @param {{ droplets: any[], numbers: Record<string, any>, order: string }} of */
function DropletTable({ droplets, numbers, order }) {
  if (droplets.length === 0) return html`<p class="empty">The Registry lists no droplets.</p>`;
  const rankOf = ORDERS[order] ?? ((/** @type {Row} */ row) => row.droplet.name);
  const rows = droplets
    .map((droplet) => {
      const row = { droplet, numbers: numbers[droplet.name] ?? NONE };
      return { ...row, rank: rankOf(row) };
    })
    .toSorted((a, b) =>
      a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : a.droplet.name.localeCompare(b.droplet.name),
    );
  return html`<table class="cards">
    <caption class="hidden">
      Droplets with their queues; rates and durations are of the last five minutes
    </caption>
    <thead>
      <tr>
        <th scope="col">Droplet</th>
        <th scope="col">State</th>
        <th scope="col" class="number">Queued</th>
        <th scope="col" class="number">Running</th>
        <th scope="col" class="number">Ended, 5 min</th>
        <th scope="col">Errors</th>
        <th scope="col" class="number">p50</th>
        <th scope="col" class="number">p95</th>
        <th scope="col">Limits</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(({ droplet, numbers: own }) => html`<${DropletRow} key=${droplet.name} droplet=${droplet} numbers=${own} />`)}
    </tbody>
  </table>`;
}

/** @param {Row} of */
function DropletRow({ droplet, numbers }) {
  const { recent } = numbers;
  const isBad = recent.error_rate_percent >= 5;
  return html`<tr>
    <th scope="row" class="name">
      <a href=${linkTo(["droplets", droplet.name])}>${droplet.name}</a>
    </th>
    <td data-label="State" class="wide-cell">
      <span class="badges"><${DropletState} droplet=${droplet} /></span>
    </td>
    <td data-label="Queued" class="number">${showCount(numbers.queued)}</td>
    <td data-label="Running" class="number">${showCount(numbers.running)}</td>
    <td data-label="Ended, 5 min" class="number">${showCount(recent.ended)}</td>
    <td data-label="Errors">
      <span class="meter">
        <span class="meter-text"
          >${
            recent.failed > 0
              ? html`<a
                  class=${isBad ? "bad-text" : ""}
                  href=${linkTo(["failed"], { droplet_name: droplet.name })}
                  >${showPercent(recent.error_rate_percent)}<span class="hidden">
                    of ${droplet.name}: ${plural(recent.failed, "failed task")}</span
                  ></a
                >`
              : showPercent(0)
          }</span
        >
        <svg class="bar-chart" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
          <rect class="track" width="100" height="6" />
          <rect class="fill" width=${recent.error_rate_percent} height="6" />
        </svg>
      </span>
    </td>
    <td data-label="p50" class="number">${showDuration(recent.p50_response_time_ms)}</td>
    <td data-label="p95" class="number">${showDuration(recent.p95_response_time_ms)}</td>
    <td data-label="Limits" class="limits">${describeLimits(droplet.limits)}</td>
  </tr>`;
}

/** @param {{ droplet: any }} of */
function DropletState({ droplet }) {
  const { state } = droplet.circuit;
  return html`${droplet.paused && html`<span class="badge tone-warn">paused</span>`}
  ${state === "closed" && !droplet.paused ? html`<span class="badge tone-good">in service</span>` : null}
  ${state !== "closed" && html`<span class="with-word">circuit <${CircuitBadge} state=${state} /></span>`}`;
}

/** How much a droplet needs somebody: what is held up first, then what fails, then what waits. */
function needOf(/** @type {any} */ droplet, /** @type {any} */ numbers) {
  const { state } = droplet.circuit;
  const held = (state === "closed" ? 0 : 4000) + (droplet.paused ? 2000 : 0);
  return held + numbers.recent.error_rate_percent * 10 + Math.min(numbers.queued, 900);
}
