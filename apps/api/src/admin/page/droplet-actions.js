import { callApi } from "./call-api.js";
import { ConfirmDialog } from "./confirm-dialog.js";
import { html, useState } from "./htm-preact.js";
import { LimitsDialog } from "./limits-dialog.js";
import { announce } from "./notices.js";
import { plural } from "./show-values.js";

/** @typedef {{ title: string, doIt: string, tone?: "danger", path: string, body?: unknown, done: string, what: (droplet: any) => string[] }} Action */

const queueOf = (/** @type {any} */ { queue }) => plural(queue.waiting + queue.delayed, "task");

/** What each does, in the words of whoever is about to do it. @type {Record<string, Action>} */
const ACTIONS = {
  pause: {
    title: "Pause",
    doIt: "Pause it",
    tone: "danger",
    path: "pause",
    done: "is paused",
    what: (droplet) => [
      `${queueOf(droplet)} in its queue stay there until it is resumed; ${plural(droplet.queue.active, "call")} under way will end.`,
      "New tasks are still taken and wait; callers who wait for a result get 202. Tasks with a deadline end as timeout when it passes.",
    ],
  },
  resume: {
    title: "Resume",
    doIt: "Resume it",
    path: "resume",
    done: "is resumed",
    what: (droplet) => [
      `${queueOf(droplet)} in its queue start at once, as fast as its limits allow (${droplet.limits.concurrency ?? "no limit"} at a time).`,
      "Set limits first if it has just come back.",
    ],
  },
  open: {
    title: "Force circuit open",
    doIt: "Open the circuit",
    tone: "danger",
    path: "circuit",
    body: { state: "open" },
    done: "has its circuit forced open",
    what: (droplet) => [
      `${queueOf(droplet)} wait, and no probe is sent, until it is set to automatic again.`,
      "Tasks submitted with when_open: fail are refused with CIRCUIT_OPEN.",
    ],
  },
  close: {
    title: "Force circuit closed",
    doIt: "Close the circuit",
    tone: "danger",
    path: "circuit",
    body: { state: "closed" },
    done: "has its circuit forced closed",
    what: (droplet) => [
      `${queueOf(droplet)} are sent whatever comes back: failures no longer protect the droplet.`,
    ],
  },
  auto: {
    title: "Automatic circuit",
    doIt: "Let it decide",
    path: "circuit",
    body: { state: "auto" },
    done: "decides for itself again",
    what: () => ["The circuit opens after failures and closes after a probe that succeeds."],
  },
};

/** What can be done to a droplet's queue now. @param {{ droplet: any, onDone: () => void }} of */
export function DropletActions({ droplet, onDone }) {
  /** @type {import("./htm-preact.js").State<string | null>} */
  const [asked, setAsked] = useState(null);
  const isForced = droplet.circuit.state.startsWith("forced");
  const offered = [
    droplet.paused ? "resume" : "pause",
    ...(isForced ? ["auto"] : ["open", "close"]),
  ];
  const action = asked === null ? null : (ACTIONS[asked] ?? null);
  const close = () => setAsked(null);
  async function act() {
    if (action === null) return;
    await callApi(`droplets/${encodeURIComponent(droplet.name)}/${action.path}`, {
      method: "POST",
      body: action.body ?? {},
    });
    announce({ text: `${droplet.name} ${action.done}.`, href: "#/audit", linkText: "Audit" });
    onDone();
  }
  return html`<div class="actions toolbar" role="group" aria-label="Actions">
    ${offered.map((name) => html`<button key=${name} type="button" onClick=${() => setAsked(name)}>${ACTIONS[name]?.title}…</button>`)}
    <button type="button" onClick=${() => setAsked("limits")}>Limits…</button>
    ${
      action &&
      html`<${ConfirmDialog}
        title=${`${action.title}: ${droplet.name}`}
        doIt=${action.doIt}
        tone=${action.tone}
        onConfirm=${act}
        onClose=${close}
      >
        ${action.what(droplet).map((line) => html`<p>${line}</p>`)}
      <//>`
    }
    ${asked === "limits" && html`<${LimitsDialog} droplet=${droplet} onDone=${onDone} onClose=${close} />`}
  </div>`;
}
