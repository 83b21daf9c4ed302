import { useEffect, useState } from "./htm-preact.js";

/** @typedef {{ parts: string[], query: Record<string, string> }} Route */

/** What stands behind the # of the address: every view has an address of its own. @returns {Route} */
export function useRoute() {
  const [route, setRoute] = useState(() => readRoute());
  useEffect(() => {
    const look = () => setRoute(readRoute());
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  return route;
}

/** @param {string[]} parts @param {Record<string, unknown>} [query] */
export function linkTo(parts, query = {}) {
  const filled = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  const text = new URLSearchParams(filled.map(([name, value]) => [name, String(value)])).toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}

/** @returns {Route} */
function readRoute() {
  const [path = "", text = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(decode);
  return { parts, query: Object.fromEntries(new URLSearchParams(text)) };
}

/** Somebody may have typed it. @param {string} part */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
