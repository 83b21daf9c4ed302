import { html } from "./htm-preact.js";
import { showDuration, showTime } from "./show-values.js";
import { linkTo } from "./use-route.js";

/** Where it comes from, where its end goes, and the settings it was taken with. @param {{ task: any, insight: any }} of */
export function TaskFacts({ task, insight }) {
  return html`<div class="columns">
    <section aria-labelledby="lineage">
      <h2 id="lineage">Lineage and callback</h2>
      <dl class="facts">
        <${Fact} name="Replay of">
          ${
            insight?.ancestors.length > 0
              ? insight.ancestors.map(
                  (/** @type {string} */ id) => html`<${TaskLink} key=${id} id=${id} />`,
                )
              : "nothing: it is an original"
          }
        <//>
        <${Fact} name="Callback"
          >${insight?.callback ? html`<${TaskLink} id=${insight.callback.task_id} /> to ${insight.callback.droplet_name}${insight.callback.path}` : "none"}<//
        >
        <${Fact} name="Trace"
          ><a href=${linkTo(["tasks"], { trace_id: task.trace_id })}>${task.trace_id}</a><//
        >
        <${Fact} name="Asked by"
          >${typeof task.meta.requested_by === "string" ? html`<a href=${linkTo(["tasks"], { requested_by: task.meta.requested_by })}>${task.meta.requested_by}</a>` : "–"}<//
        >
        <${Fact} name="Signed in as">${insight?.settings.caller ?? "nobody"}<//>
        <${Fact} name="Meta">${JSON.stringify(task.meta)}<//>
      </dl>
    </section>
    <section aria-labelledby="settings">
      <h2 id="settings">Settings</h2>
      ${insight === null ? html`<p class="empty">Loading…</p>` : html`<${Settings} task=${task} settings=${insight.settings} />`}
    </section>
  </div>`;
}

/** @param {{ task: any, settings: any }} of */
function Settings({ task, settings }) {
  return html`<dl class="facts">
    <${Fact} name="Delivery">${settings.delivery.replaceAll("_", " ")}<//>
    <${Fact} name="Priority">${task.priority}<//>
    <${Fact} name="Retries">${task.retry_count} made of ${settings.max_retries}<//>
    <${Fact} name="Time for all">${showDuration(settings.timeout_ms)}<//>
    <${Fact} name="Time for one">${showDuration(settings.attempt_timeout_ms)}<//>
    <${Fact} name="Delay">${settings.delay_ms === 0 ? "none" : showDuration(settings.delay_ms)}<//>
    <${Fact} name="Deadline"
      >${settings.deadline_at === null ? "none" : showTime(settings.deadline_at)}<//
    >
    <${Fact} name="Idempotency-Key"
      >${settings.idempotency_key ? "given by the caller" : "none given"}<//
    >
  </dl>`;
}

/** @param {{ name: string, children?: unknown }} of */
function Fact({ name, children }) {
  return html`<div>
    <dt>${name}</dt>
    <dd>${children}</dd>
  </div>`;
}

/** @param {{ id: string }} of */
function TaskLink({ id }) {
  return html`<a class="block-link" href=${linkTo(["tasks", id])}>${id}</a>`;
}
