import { callApi } from "./call-api.js";
import { ConfirmDialog } from "./confirm-dialog.js";
import { html, useState } from "./htm-preact.js";
import { announce } from "./notices.js";
import { plural, showDuration } from "./show-values.js";
import { describeLimits } from "./status-badge.js";

/** Over all workers together; an empty field is no limit. @param {{ droplet: any, onDone: () => void, onClose: () => void }} of */
export function LimitsDialog({ droplet, onDone, onClose }) {
  const { limits, queue } = droplet;
  const [concurrency, setConcurrency] = useState(String(limits.concurrency ?? ""));
  const [max, setMax] = useState(String(limits.rate?.max ?? ""));
  const [seconds, setSeconds] = useState(String((limits.rate?.per_ms ?? 1000) / 1000));
  const wanted = {
    concurrency: concurrency === "" ? null : Number(concurrency),
    rate: max === "" ? null : { max: Number(max), per_ms: Math.round(Number(seconds) * 1000) },
  };
  async function limit() {
    await callApi(`droplets/${encodeURIComponent(droplet.name)}/limits`, {
      method: "PUT",
      body: wanted,
    });
    announce({
      text: `${droplet.name} is limited: ${describeLimits(wanted)}.`,
      href: "#/audit",
      linkText: "Audit",
    });
    onDone();
  }
  const waiting = queue.waiting + queue.delayed;
  const spanMs = wanted.rate === null ? null : (waiting / wanted.rate.max) * wanted.rate.per_ms;
  return html`<${ConfirmDialog}
    title=${`Limits: ${droplet.name}`}
    doIt="Set limits"
    onConfirm=${limit}
    onClose=${onClose}
  >
    <div class="fields">
      <${NumberField}
        label="Calls at a time"
        value=${concurrency}
        set=${setConcurrency}
        most=${100_000}
      />
      <${NumberField} label="Calls" value=${max} set=${setMax} most=${1_000_000} />
      <${NumberField} label="in seconds" value=${seconds} set=${setSeconds} most=${3600} />
    </div>
    <p aria-live="polite">
      Then: ${describeLimits(wanted)}, over all workers. Now: ${describeLimits(limits)}.
      ${spanMs !== null && waiting > 0 && ` ${plural(waiting, "task")} waiting would take at least ${showDuration(spanMs)}.`}
    </p>
    <p class="quiet-text">An empty field is no limit.</p>
  <//>`;
}

/** @param {{ label: string, value: string, set: (text: string) => void, most: number }} of */
function NumberField({ label, value, set, most }) {
  const change = (/** @type {any} */ event) => set(event.target.value);
  return html`<label
    >${label}
    <input type="number" min="1" max=${most} value=${value} onInput=${change} />
  </label>`;
}
