import { AttemptTimeline } from "./attempt-timeline.js";
import { callApi } from "./call-api.js";
import { ConfirmDialog } from "./confirm-dialog.js";
import { useEvents } from "./follow-events.js";
import { html, useEffect, useState } from "./htm-preact.js";
import { announce } from "./notices.js";
import { showDuration, showExactTime, showTime } from "./show-values.js";
import { StatusBadge } from "./status-badge.js";
import { TaskExchange } from "./task-exchange.js";
import { TaskFacts } from "./task-facts.js";
import { Loading, Trouble } from "./trouble.js";
import { usePolled } from "./use-polled.js";
import { linkTo } from "./use-route.js";

const EVERY_MS = 5000;

/** One task's whole story, and what can be done about it. @param {{ id: string }} of */
export function TaskView({ id }) {
  const path = encodeURIComponent(id);
  const record = usePolled(`tasks/${path}`, EVERY_MS);
  const insight = usePolled(`admin/tasks/${path}`, 60_000);
  /** @type {import("./htm-preact.js").State<"cancel" | "replay" | null>} */
  const [asked, setAsked] = useState(null);
  const task = record.value;
  const isEnded = task !== null && task.completed_at !== null;
  const trace = task === null || isEnded ? null : { trace_id: task.trace_id };
  useEvents(trace, () => record.reload());
  // Callback and input change hands at the end.
  useEffect(() => insight.reload(), [isEnded]);
  if (task === null) {
    return html`<h1>Task</h1>
      <p class="long-id">${id}</p>
      ${
        record.error === null
          ? html`<${Loading} />`
          : html`<${Trouble} error=${record.error} />
              <p>
                Ended tasks are kept for a day, the newest 10,000 unless configured otherwise.
                <a href="#/tasks">Search</a>
              </p>`
      }`;
  }
  return html`<div class="section-head">
      <div>
        <h1>Task</h1>
        <p class="long-id">${id}</p>
      </div>
      <div class="actions">
        ${!isEnded && html`<button type="button" class="danger" onClick=${() => setAsked("cancel")}>Cancel…</button>`}
        ${isEnded && html`<button type="button" class="primary" onClick=${() => setAsked("replay")}>Replay…</button>`}
      </div>
    </div>
    <${Trouble} error=${record.error} hasValue=${true} />
    <${Summary} task=${task} />
    <${AttemptTimeline} task=${task} settings=${insight.value?.settings ?? null} />
    <${TaskExchange} task=${task} insight=${insight.value} />
    <${TaskFacts} task=${task} insight=${insight.value} />
    ${asked === "cancel" && html`<${CancelDialog} task=${task} onDone=${record.reload} onClose=${() => setAsked(null)} />`}
    ${asked === "replay" && html`<${ReplayDialog} task=${task} onClose=${() => setAsked(null)} />`}`;
}

/** What became of it, in a sentence. @param {{ task: any }} of */
function Summary({ task }) {
  return html`<div class=${`summary ${task.status}`} aria-live="polite">
    <p class="summary-line">
      <${StatusBadge} status=${task.status} />
      <span class="method">${task.method}</span>
      <a href=${linkTo(["droplets", task.droplet_name])}>${task.droplet_name}</a>
      <span class="path">${task.path}</span>
    </p>
    ${task.error !== null && html`<p class="error-text"><strong>${task.error.code}</strong> ${task.error.message}</p>`}
    <p class="quiet-text">
      created <time datetime=${showExactTime(task.created_at)}>${showTime(task.created_at)}</time>
      ${task.started_at !== null && `, first called after ${showDuration((task.started_at - task.created_at) * 1000)}`}
      ${task.completed_at !== null && `, ended ${showTime(task.completed_at)}, took ${showDuration(task.duration_ms)}`}
      ${task.next_attempt_at !== null && task.completed_at === null && `, next attempt at ${showTime(task.next_attempt_at)}`}
    </p>
  </div>`;
}

/** @param {{ task: any, onDone: () => void, onClose: () => void }} of */
function CancelDialog({ task, onDone, onClose }) {
  async function cancel() {
    const answer = await callApi(`tasks/${encodeURIComponent(task.task_id)}`, { method: "DELETE" });
    announce({
      text:
        answer.status === "cancelled"
          ? "The task is cancelled."
          : "The worker has been asked to stop.",
    });
    onDone();
  }
  return html`<${ConfirmDialog}
    title="Cancel this task?"
    doIt="Cancel the task"
    tone="danger"
    onConfirm=${cancel}
    onClose=${onClose}
  >
    <p>
      ${
        task.status === "running"
          ? `Its request to ${task.droplet_name} is aborted. The droplet may have acted on it already.`
          : `It waits: ${task.droplet_name} will not be called for it.`
      }
    </p>
    <p>It is never tried again. It can be replayed later, as a new task.</p>
  <//>`;
}

/** @param {{ task: any, onClose: () => void }} of */
function ReplayDialog({ task, onClose }) {
  async function replay() {
    const answer = await callApi(`tasks/${encodeURIComponent(task.task_id)}/retry?wait=false`, {
      method: "POST",
    });
    announce({ text: "Replayed as a new task." });
    location.hash = linkTo(["tasks", answer.task_id]);
  }
  return html`<${ConfirmDialog}
    title="Replay this task?"
    doIt="Replay the task"
    onConfirm=${replay}
    onClose=${onClose}
  >
    <p>
      A new task makes the same call:
      <span class="path">${task.method} ${task.droplet_name}${task.path}</span>.
    </p>
    ${task.status === "success" && html`<p class="notice warn">It succeeded: the droplet will be called again.</p>`}
    ${
      task.attempts.some((/** @type {any} */ { outcome }) => outcome === "sent_no_response") &&
      html`<p class="notice warn">
        A request of it was sent and not answered: the droplet may have acted on it. The replay has
        another Idempotency-Key.
      </p>`
    }
  <//>`;
}
