import { Refused } from "./call-api.js";
import { html, useEffect, useState } from "./htm-preact.js";

/** @typedef {"connected" | "reconnecting"} Connection */

let answers = true;
let streams = true;
/** @type {Set<() => void>} */
const listeners = new Set();

/** After each request. @param {unknown} error null when it was answered */
export function noteAnswer(error) {
  answers = !(error instanceof Refused && error.status === 0);
  tell();
}

/** @param {boolean} isOpen whether events come */
export function noteStream(isOpen) {
  streams = isOpen;
  tell();
}

function tell() {
  for (const listener of listeners) listener();
}

/** Says so while nothing here is live. */
export function ConnectionNotice() {
  const [isLive, setIsLive] = useState(true);
  useEffect(() => {
    const look = () => setIsLive(answers && streams);
    listeners.add(look);
    look();
    return () => void listeners.delete(look);
  }, []);
  return html`<p class="connection" role="status">
    ${
      isLive
        ? html`<span class="lamp good" aria-hidden="true"></span> Live`
        : html`<span class="lamp bad" aria-hidden="true"></span> Reconnecting…`
    }
  </p>`;
}
