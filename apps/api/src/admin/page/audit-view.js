import { html } from "./htm-preact.js";
import { showExactTime, showJson, showTime } from "./show-values.js";
import { Loading, Trouble } from "./trouble.js";
import { usePolled } from "./use-polled.js";
import { linkTo } from "./use-route.js";

const EVERY_MS = 5000;

/** What operators did, newest first. */
export function AuditView() {
  const { value, error } = usePolled("admin/audit?limit=200", EVERY_MS);
  const entries = value?.entries ?? [];
  return html`<h1>Audit</h1>
    <p class="quiet-text">
      What operators did: pause, resume, limits, circuit, bulk replay. The newest 200.
    </p>
    <${Trouble} error=${error} hasValue=${value !== null} />
    ${value === null && error === null && html`<${Loading} />`}
    ${value !== null && entries.length === 0 && html`<p class="empty">No operator has done anything yet.</p>`}
    ${
      entries.length > 0 &&
      html`<table class="cards">
        <caption class="hidden">
          What operators did, newest first
        </caption>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">What</th>
            <th scope="col">Droplet</th>
            <th scope="col">Who</th>
            <th scope="col">From</th>
            <th scope="col">Details</th>
          </tr>
        </thead>
        <tbody>
          ${entries.map((/** @type {any} */ entry) => html`<${Entry} key=${entry.id} entry=${entry} />`)}
        </tbody>
      </table>`
    }`;
}

/** @param {{ entry: any }} of */
function Entry({ entry }) {
  return html`<tr>
    <th scope="row" class="name">
      <time datetime=${showExactTime(entry.at)} title=${showExactTime(entry.at)}
        >${showTime(entry.at)}</time
      >
    </th>
    <td data-label="What">${entry.action}</td>
    <td data-label="Droplet">
      ${entry.droplet === null ? "–" : html`<a href=${linkTo(["droplets", entry.droplet])}>${entry.droplet}</a>`}
    </td>
    <td data-label="Who">${entry.caller ?? "on this machine"}</td>
    <td data-label="From" class="path">${entry.remote ?? "–"}</td>
    <td data-label="Details" class="details-cell">
      <details>
        <summary>Show<span class="hidden"> details of ${entry.action}</span></summary>
        <pre tabindex="0">
${showJson(entry.details)}
trace ${entry.trace_id}</pre>
      </details>
    </td>
  </tr>`;
}
