import { html } from "./htm-preact.js";
import { linkTo } from "./use-route.js";

/** How far back a search goes; "" is as far as the history does. */
const SPANS = [
  ["", "any time"],
  ["300", "last 5 minutes"],
  ["3600", "last hour"],
  ["21600", "last 6 hours"],
  ["86400", "last day"],
];

/** What the form knows, and the address carries. */
export const FILTER_NAMES = [
  "status",
  "droplet_name",
  "requested_by",
  "error_contains",
  "trace_id",
  "span",
  "since",
  "until",
];

/** @param {string} section @param {any} event the form's submit */
function search(section, event) {
  event.preventDefault();
  const fields = new Map(new FormData(event.target));
  const text = (/** @type {string} */ name) => {
    const value = fields.get(name);
    return typeof value === "string" ? value.trim() : "";
  };
  const id = text("id");
  const query = Object.fromEntries(FILTER_NAMES.map((name) => [name, text(name)]));
  query["since"] = epochOf(text("since"));
  query["until"] = epochOf(text("until"));
  location.hash = id === "" ? linkTo([section], query) : linkTo(["tasks", id]);
}

/**
 * The search as a form; what it asks for goes into the address, so that it can be sent to somebody.
 * @param {{ section: string, query: Record<string, string>, droplets: string[], statuses: string[], hasId?: boolean }} of
 */
export function TaskFilter({ section, query, droplets, statuses, hasId = false }) {
  const choices = [["", "any"], ...statuses.map((status) => [status, status])];
  return html`<form
    class="filter"
    role="search"
    onSubmit=${(/** @type {Event} */ event) => search(section, event)}
    key=${JSON.stringify(query)}
  >
    ${hasId && html`<${TextField} label="Task id" name="id" />`}
    <${Choice} label="Status" name="status" choices=${choices} query=${query} />
    <${TextField} label="Droplet" name="droplet_name" query=${query} list="droplet-names" />
    <datalist id="droplet-names">
      ${droplets.map((name) => html`<option key=${name} value=${name}></option>`)}
    </datalist>
    <${TextField} label="Asked by" name="requested_by" query=${query} />
    <${TextField} label="Text in the error" name="error_contains" query=${query} />
    <${TextField} label="Trace id" name="trace_id" query=${query} />
    <${Choice} label="Created" name="span" choices=${SPANS} query=${query} />
    <label
      >From <input name="since" type="datetime-local" defaultValue=${localTimeOf(query["since"])}
    /></label>
    <label
      >To <input name="until" type="datetime-local" defaultValue=${localTimeOf(query["until"])}
    /></label>
    <div class="actions">
      <button type="submit" class="primary">Search</button>
      <a class="button" href=${linkTo([section])}>Clear</a>
    </div>
  </form>`;
}

/** `defaultValue`: what somebody types stays when the page is drawn anew beside it. @param {{ label: string, name: string, query?: Record<string, string>, list?: string }} of */
function TextField({ label, name, query = {}, list }) {
  return html`<label
    >${label}
    <input
      name=${name}
      defaultValue=${query[name] ?? ""}
      list=${list}
      autocomplete="off"
      spellcheck=${false}
    />
  </label>`;
}

/** @param {{ label: string, name: string, choices: string[][], query: Record<string, string> }} of */
function Choice({ label, name, choices, query }) {
  const chosen = query[name] ?? "";
  return html`<label
    >${label}
    <select name=${name}>
      ${choices.map(([value, text]) => html`<option key=${value} value=${value} selected=${chosen === value}>${text}</option>`)}
    </select>
  </label>`;
}

/** The filter as GET /tasks takes it. @param {Record<string, string>} query */
export function apiFilterOf(query) {
  const { span, since, until } = query;
  const filter = Object.fromEntries(
    FILTER_NAMES.filter((name) => query[name]).map((name) => [name, query[name] ?? ""]),
  );
  delete filter["span"];
  // To the minute: the address asked stays the same for a while.
  if (span) filter["since"] = String(Math.floor(Date.now() / 60_000) * 60 - Number(span));
  if (since) filter["since"] = since;
  if (until) filter["until"] = until;
  return filter;
}

/** @param {string} local what a datetime-local holds */
function epochOf(local) {
  const ms = Date.parse(local);
  return Number.isNaN(ms) ? "" : String(ms / 1000);
}

/** @param {string | undefined} epochSeconds */
function localTimeOf(epochSeconds) {
  if (!epochSeconds) return "";
  const date = new Date(Number(epochSeconds) * 1000);
  if (Number.isNaN(date.getTime())) return "";
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
