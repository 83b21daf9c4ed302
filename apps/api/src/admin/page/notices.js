import { html, useEffect, useState } from "./htm-preact.js";

/** @typedef {{ text: string, href?: string, linkText?: string }} Notice */

const SHOWN_MS = 8000;

/** @type {Set<(notice: Notice) => void>} */
const listeners = new Set();

/** Says once what was done. @param {Notice} notice */
export function announce(notice) {
  for (const listener of listeners) listener(notice);
}

/** The one place where what was done is said, also to those who only hear. */
export function Notices() {
  /** @type {import("./htm-preact.js").State<Notice | null>} */
  const [notice, setNotice] = useState(null);
  useEffect(() => {
    listeners.add(setNotice);
    return () => void listeners.delete(setNotice);
  }, []);
  useEffect(() => {
    if (notice === null) return;
    const timer = setTimeout(() => setNotice(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  return html`<div class="notices" role="status" aria-live="polite">
    ${notice && html`<p>${notice.text} ${notice.href && html`<a href=${notice.href}>${notice.linkText}</a>`}</p>`}
  </div>`;
}
