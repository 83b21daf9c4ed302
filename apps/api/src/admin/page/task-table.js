import { html } from "./htm-preact.js";
import { plural, showDuration, showExactTime, showTime } from "./show-values.js";
import { StatusBadge } from "./status-badge.js";
import { linkTo } from "./use-route.js";

/**
 * A page of tasks.
 * @param {{ tasks: any[], caption: string, selected?: Set<string>, onSelect?: (id: string, isSelected: boolean) => void }} of
 */
export function TaskTable({ tasks, caption, selected, onSelect }) {
  return html`<table class="cards tasks">
    <caption class="hidden">
      ${caption}
    </caption>
    <thead>
      <tr>
        ${selected && html`<th scope="col"><span class="hidden">Select</span></th>`}
        <th scope="col">Task</th>
        <th scope="col">Status</th>
        <th scope="col">Droplet</th>
        <th scope="col">Call</th>
        <th scope="col">Asked by</th>
        <th scope="col">Created</th>
        <th scope="col" class="number">Took</th>
      </tr>
    </thead>
    <tbody>
      ${tasks.map((task) => html`<${TaskRow} key=${task.task_id} task=${task} isSelected=${selected?.has(task.task_id)} onSelect=${onSelect} />`)}
    </tbody>
  </table>`;
}

/** @param {{ task: any, isSelected?: boolean, onSelect?: (id: string, isSelected: boolean) => void }} of */
function TaskRow({ task, isSelected, onSelect }) {
  const { task_id: id, droplet_name: droplet, meta } = task;
  return html`<tr>
    ${
      onSelect &&
      html`<td class="select">
        <input
          type="checkbox"
          checked=${isSelected}
          aria-label=${`Select task ${id}`}
          onChange=${(/** @type {any} */ event) => onSelect(id, event.target.checked)}
        />
      </td>`
    }
    <th scope="row" class="name id">
      <a href=${linkTo(["tasks", id])} title=${id} aria-label=${id}>${id.slice(0, 8)}</a>
    </th>
    <td data-label="Status" class="wide-cell status-cell">
      <${StatusBadge} status=${task.status} />
      ${task.retry_count > 0 && html` <span class="quiet-text">${plural(task.retry_count, "retry", "retries")}</span>`}
      ${task.error !== null && html`<div class="error-line" title=${task.error.message}>${task.error.code}: ${task.error.message}</div>`}
    </td>
    <td data-label="Droplet" class="name">
      <a href=${linkTo(["droplets", droplet])}>${droplet}</a>
    </td>
    <td data-label="Call" class="path wide-cell">
      <span class="method">${task.method}</span> ${task.path}
    </td>
    <td data-label="Asked by" class="path">
      ${typeof meta.requested_by === "string" ? meta.requested_by : "–"}
    </td>
    <td data-label="Created">
      <time datetime=${showExactTime(task.created_at)} title=${showExactTime(task.created_at)}
        >${showTime(task.created_at)}</time
      >
    </td>
    <td data-label="Took" class="number">
      ${task.started_at === null ? "–" : showDuration(task.duration_ms)}
    </td>
  </tr>`;
}
