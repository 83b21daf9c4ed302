import { DropletActions } from "./droplet-actions.js";
import { html } from "./htm-preact.js";
import { showCount, showDuration, showPercent } from "./show-values.js";
import { CircuitBadge, describeLimits } from "./status-badge.js";
import { TaskTable } from "./task-table.js";
import { Loading, Trouble } from "./trouble.js";
import { usePolled } from "./use-polled.js";
import { linkTo } from "./use-route.js";
import { useTaskPage } from "./use-task-page.js";

const EVERY_MS = 2000;
const SHOWN = 10;

/** One droplet: what waits, what holds it up, its numbers, its newest tasks. @param {{ name: string }} of */
export function DropletView({ name }) {
  const droplet = usePolled(`droplets/${encodeURIComponent(name)}`, EVERY_MS);
  const metrics = usePolled("metrics", EVERY_MS);
  const page = useTaskPage({ droplet_name: name }, true);
  const tasks = (page.value?.tasks ?? []).slice(0, SHOWN);
  const it = droplet.value;
  return html`<h1>Droplet <span class="long-id">${name}</span></h1>
    <${Trouble} error=${droplet.error} hasValue=${it !== null} />
    ${it === null && droplet.error === null && html`<${Loading} />`}
    ${
      it !== null &&
      html`<${Figures} droplet=${it} numbers=${metrics.value?.droplets[it.name] ?? null} />
        <${DropletActions} droplet=${it} onDone=${droplet.reload} />
        <${About} droplet=${it} />`
    }
    <div class="section-head">
      <h2>Newest tasks</h2>
      <div class="actions">
        <a href=${linkTo(["tasks"], { droplet_name: name })}>All tasks of ${name}</a>
        <a href=${linkTo(["failed"], { droplet_name: name })}>What failed</a>
      </div>
    </div>
    ${page.value !== null && tasks.length === 0 && html`<p class="empty">No task has been sent to it within the history.</p>`}
    ${tasks.length > 0 && html`<${TaskTable} tasks=${tasks} caption=${`Newest tasks of ${name}`} />`}`;
}

/** @param {{ droplet: any, numbers: any }} of */
function Figures({ droplet, numbers }) {
  const { queue, circuit, paused, limits } = droplet;
  const recent = numbers?.recent;
  return html`<section class="figures" aria-label="State of the droplet" aria-live="polite">
    <div class="figure">
      <p class="label">Queue</p>
      <p class="value">
        ${paused ? html`<span class="badge tone-warn">paused</span>` : html`<span class="badge tone-good">running</span>`}
      </p>
    </div>
    <div class="figure">
      <p class="label">Circuit</p>
      <p class="value"><${CircuitBadge} state=${circuit.state} /></p>
    </div>
    <div class="figure">
      <p class="label">Waiting</p>
      <p class="value" id="waiting">${showCount(queue.waiting)}</p>
      <p class="note">${showCount(queue.delayed)} later</p>
    </div>
    <div class="figure">
      <p class="label">Running</p>
      <p class="value">${showCount(queue.active)}</p>
    </div>
    <div class="figure">
      <p class="label">Errors, 5 min</p>
      <p class="value">${recent ? showPercent(recent.error_rate_percent) : "–"}</p>
      <p class="note">
        ${recent ? `${showCount(recent.failed)} of ${showCount(recent.ended)}` : ""}
      </p>
    </div>
    <div class="figure">
      <p class="label">Duration, 5 min</p>
      <p class="value">${showDuration(recent?.p50_response_time_ms)}</p>
      <p class="note">p95 ${showDuration(recent?.p95_response_time_ms)}</p>
    </div>
    <div class="figure">
      <p class="label">Limits</p>
      <p class="value small">${describeLimits(limits)}</p>
    </div>
  </section>`;
}

/** @param {{ droplet: any }} of */
function About({ droplet }) {
  const facts = [
    ["Endpoint", droplet.endpoint],
    ["Registry says", droplet.status],
    ["Version", droplet.version ?? "–"],
    ["Steward", droplet.steward ?? "–"],
    ["Last heartbeat", droplet.last_seen ?? "none to us"],
    ["It says of itself", droplet.reported === null ? "nothing" : JSON.stringify(droplet.reported)],
  ];
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div key=${name}>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
