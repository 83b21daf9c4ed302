import { html, useState } from "./htm-preact.js";

/** @typedef {"light" | "dark" | "auto"} Theme */

/** @type {Record<Theme, Theme>} */
const NEXT = { light: "dark", dark: "auto", auto: "light" };

/** Light, dark, or as the system says. The choice is kept in this browser. */
export function ThemeToggle() {
  /** @type {import("./htm-preact.js").State<Theme>} */
  const [theme, setTheme] = useState(() => readTheme());
  const next = NEXT[theme];
  const change = () => {
    setTheme(next);
    if (next === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = next;
    try {
      localStorage.setItem("orchestrator-theme", next);
    } catch {
      // It holds until the page is left.
    }
  };
  return html`<button
    type="button"
    class="quiet theme"
    onClick=${change}
    aria-label=${`Theme: ${theme}. Change to ${next}`}
    title=${`Theme: ${theme}`}
  >
    <span aria-hidden="true">${{ light: "☀", dark: "☾", auto: "◐" }[theme]}</span>
  </button>`;
}

/** @returns {Theme} */
function readTheme() {
  const { theme } = document.documentElement.dataset;
  return theme === "light" || theme === "dark" ? theme : "auto";
}
