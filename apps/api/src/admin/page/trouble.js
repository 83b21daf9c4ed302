import { describeError } from "./call-api.js";
import { html } from "./htm-preact.js";

/** Why what is shown may be old, or why nothing is. @param {{ error: unknown, hasValue?: boolean }} of */
export function Trouble({ error, hasValue = false }) {
  if (error === null) return null;
  return html`<p class="notice bad" role="alert">
    ${describeError(error)}${hasValue && ". What is below is as it was last known."}
  </p>`;
}

export function Loading() {
  return html`<p class="empty">Loading…</p>`;
}
