import { html } from "./htm-preact.js";
import { plural, showJson } from "./show-values.js";

/** What was sent, and what came back, as it was. @param {{ task: any, insight: any }} of */
export function TaskExchange({ task, insight }) {
  return html`<div class="columns">
    <section aria-labelledby="sent">
      <h2 id="sent">Sent</h2>
      ${insight === null ? html`<p class="empty">Loading…</p>` : html`<${Sent} task=${task} request=${insight.request} />`}
    </section>
    <section aria-labelledby="response">
      <h2 id="response">Response</h2>
      ${
        task.response_status === null
          ? html`<p class="empty">No answer has come.</p>`
          : html`<p><strong>HTTP ${task.response_status}</strong></p>
              <${Headers} headers=${task.response_headers ?? {}} />
              <${Body} value=${task.response_body} label="Response body" />`
      }
    </section>
  </div>`;
}

/** @param {{ task: any, request: any }} of */
function Sent({ task, request }) {
  return html`<p class="path">
      <span class="method">${task.method}</span> ${task.target_url ?? request.path}
    </p>
    <${Headers} headers=${request.headers} />
    <p class="quiet-text">
      Headers of the first attempt, secrets taken out; each attempt adds its own traceparent,
      X-Attempt and X-Request-Deadline.
    </p>
    ${
      request.kept
        ? html`<${Body} value=${request.payload} label="Payload" />
            <p class="quiet-text">${plural(request.payload_chars, "character")} as JSON.</p>`
        : html`<p class="empty">The payload was not kept: too large, for a task that succeeded.</p>`
    }`;
}

/** @param {{ headers: Record<string, string> }} of */
function Headers({ headers }) {
  const entries = Object.entries(headers);
  if (entries.length === 0) return html`<p class="empty">No headers.</p>`;
  return html`<dl class="facts headers">
    ${entries.map(
      ([name, value]) =>
        html`<div key=${name}>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** @param {{ value: unknown, label: string }} of */
function Body({ value, label }) {
  if (value === null || value === undefined) return html`<p class="empty">${label}: none.</p>`;
  return html`<pre tabindex="0" role="region" aria-label=${label}>${showJson(value)}</pre>`;
}
