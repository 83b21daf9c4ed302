import { html, useEffect, useRef, useState } from "./htm-preact.js";
import { describeError } from "./call-api.js";

/**
 * Asks before something is done, says what will happen, and why it was refused if it was.
 * @param {{ title: string, doIt: string, tone?: "danger", onConfirm: () => Promise<void>, onClose: () => void, children?: unknown }} of
 */
export function ConfirmDialog({ title, doIt, tone, onConfirm, onClose, children }) {
  /** @type {{ current: HTMLDialogElement | null }} */
  const dialog = useRef(null);
  /** @type {import("./htm-preact.js").State<unknown>} */
  const [error, setError] = useState(null);
  const [isBusy, setIsBusy] = useState(false);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  async function confirm(/** @type {Event} */ event) {
    event.preventDefault();
    setIsBusy(true);
    setError(null);
    try {
      await onConfirm();
      dialog.current?.close();
    } catch (refusal) {
      setError(refusal);
      setIsBusy(false);
    }
  }
  return html`<dialog ref=${dialog} onClose=${onClose} aria-labelledby="dialog-title">
    <form onSubmit=${confirm}>
      <h2 id="dialog-title">${title}</h2>
      ${children}
      ${error !== null && html`<p class="notice bad" role="alert">Not done: ${describeError(error)}</p>`}
      <div class="actions">
        <button type="button" onClick=${() => dialog.current?.close()}>Leave it</button>
        <button type="submit" class=${tone === "danger" ? "danger" : "primary"} disabled=${isBusy}>
          ${isBusy ? "Working…" : doIt}
        </button>
      </div>
    </form>
  </dialog>`;
}
