import { html } from "./htm-preact.js";
import { plural } from "./show-values.js";

/** @param {{ page: any, isSearch: boolean }} of */
export function Pager({ page, isSearch }) {
  const { value, number, next, back } = page;
  if (value === null) return null;
  const found = isSearch
    ? `${plural(value.tasks.length, "match", "matches")} on this page; looked among ${plural(value.total, "task")}`
    : plural(value.total, "task");
  return html`<nav class="pager" aria-label="Pages">
    <p role="status">${found}</p>
    <div class="actions">
      <button type="button" onClick=${back} disabled=${back === null}>Newer</button>
      <span>Page ${number}</span>
      <button type="button" onClick=${next} disabled=${next === null}>Older</button>
    </div>
  </nav>`;
}
