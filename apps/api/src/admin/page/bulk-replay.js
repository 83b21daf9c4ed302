import { callApi } from "./call-api.js";
import { ConfirmDialog } from "./confirm-dialog.js";
import { html, useEffect, useState } from "./htm-preact.js";
import { plural, showDuration } from "./show-values.js";
import { Loading, Trouble } from "./trouble.js";

/** What a bulk replay can be narrowed by; a search in errors, requesters or traces cannot. */
const NAMES = new Set(["status", "droplet_name", "since", "until"]);

/** Says how many tasks would run again, how fast, and does it. @param {{ filter: Record<string, string>, onStarted: (ids: string[]) => void, onClose: () => void }} of */
export function BulkReplay({ filter, onStarted, onClose }) {
  /** @type {import("./htm-preact.js").State<any>} */
  const [preview, setPreview] = useState(null);
  /** @type {import("./htm-preact.js").State<unknown>} */
  const [error, setError] = useState(null);
  const beyond = Object.keys(filter).filter((name) => !NAMES.has(name));
  const body = Object.fromEntries(
    Object.entries(filter).flatMap(([name, value]) =>
      beyond.includes(name)
        ? []
        : [[name, name === "since" || name === "until" ? Number(value) : value]],
    ),
  );
  useEffect(() => {
    if (beyond.length > 0) return;
    callApi("tasks/retry", { method: "POST", body: { ...body, dry_run: true } }).then(
      setPreview,
      setError,
    );
  }, []);
  async function replay() {
    // Nothing that fails after the preview is replayed unseen.
    const until = body["until"] ?? Math.ceil(Date.now() / 1000);
    const answer = await callApi("tasks/retry", { method: "POST", body: { ...body, until } });
    onStarted(answer.task_ids);
  }
  if (beyond.length > 0) {
    return html`<${ConfirmDialog}
      title="Replay all that match?"
      doIt="Understood"
      onConfirm=${async () => {}}
      onClose=${onClose}
    >
      <p>
        A bulk replay goes by status, droplet and time. Clear the other fields
        (${beyond.map((name) => name.replaceAll("_", " ")).join(", ")}), or select the tasks.
      </p>
    <//>`;
  }
  return html`<${ConfirmDialog}
    title="Replay all that match?"
    doIt=${preview === null ? "Counting…" : `Replay ${plural(preview.matched, "task")}`}
    onConfirm=${replay}
    onClose=${onClose}
  >
    <${Trouble} error=${error} />
    ${preview === null && error === null && html`<${Loading} />`}
    ${preview !== null && html`<${Preview} preview=${preview} filter=${filter} />`}
  <//>`;
}

/** @param {{ preview: any, filter: Record<string, string> }} of */
function Preview({ preview, filter }) {
  const { matched, per_second: pace, starts_within_ms: span } = preview;
  const whose = filter["droplet_name"]
    ? `of droplet ${filter["droplet_name"]}`
    : "of every droplet";
  const what = `${whose} that ended as ${filter["status"]} will run again, as new tasks.`;
  return html`<p class="preview"><strong>${plural(matched, "task")}</strong> ${what}</p>
    <p>
      ${
        matched > pace.first
          ? `Slowly at first: ${pace.first} in the first second, at most ${pace.most} a second; the last starts after ${showDuration(span)}.`
          : "All start within a second."
      }
    </p>
    <p class="quiet-text">
      The new tasks wait where their droplet is paused or its circuit is open. This is written in
      the audit.
    </p>`;
}
