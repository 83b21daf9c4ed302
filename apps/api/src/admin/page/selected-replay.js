import { callApi, describeError } from "./call-api.js";
import { ConfirmDialog } from "./confirm-dialog.js";
import { html } from "./htm-preact.js";
import { plural, showDuration } from "./show-values.js";

/** As slow as a bulk replay begins: what has just come back is not knocked over again. */
const EVERY_MS = 200;

/** @param {{ ids: string[], onStarted: (ids: string[]) => void, onClose: () => void }} of */
export function SelectedReplay({ ids, onStarted, onClose }) {
  async function replay() {
    /** @type {string[]} */
    const started = [];
    /** @type {unknown} */
    let refusal = null;
    for (const id of ids) {
      try {
        const { task_id: newId } = await callApi(
          `tasks/${encodeURIComponent(id)}/retry?wait=false`,
          { method: "POST" },
        );
        started.push(newId);
      } catch (error) {
        refusal = error;
      }
      if (id !== ids.at(-1)) await new Promise((resolve) => void setTimeout(resolve, EVERY_MS));
    }
    if (started.length > 0) onStarted(started);
    if (refusal === null) return;
    throw new Error(
      `${ids.length - started.length} of ${ids.length} were refused, the last because: ${describeError(refusal)}`,
    );
  }
  return html`<${ConfirmDialog}
    title="Replay the selected tasks?"
    doIt=${`Replay ${plural(ids.length, "task")}`}
    onConfirm=${replay}
    onClose=${onClose}
  >
    <p class="preview">
      <strong>${plural(ids.length, "task")}</strong> will run again, as new tasks, 5 a second: for
      ${showDuration(ids.length * EVERY_MS)}.
    </p>
  <//>`;
}
