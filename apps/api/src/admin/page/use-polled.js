import { callApi } from "./call-api.js";
import { noteAnswer } from "./connection.js";
import { useEffect, useRef, useState } from "./htm-preact.js";

/**
 * What the API says, asked again and again while somebody looks.
 * @param {string | null} path null asks nothing
 * @param {number} everyMs
 * @returns {{ value: any, error: unknown, reload: () => void }} the last good value stays while an error stands beside it
 */
export function usePolled(path, everyMs) {
  /** @type {import("./htm-preact.js").State<{ path: string | null, value: any, error: unknown }>} */
  const [state, setState] = useState(() => ({ path, value: null, error: null }));
  const again = useRef(() => {});
  useEffect(() => {
    let isOver = false;
    let isAsking = false;
    let isWanted = false;
    async function ask() {
      if (path === null || isOver) return;
      isWanted = isAsking;
      if (isAsking) return;
      isAsking = true;
      try {
        const value = await callApi(path);
        noteAnswer(null);
        if (!isOver) setState({ path, value, error: null });
      } catch (error) {
        noteAnswer(error);
        if (!isOver)
          setState((before) => ({
            ...(before.path === path ? before : { path, value: null }),
            error,
          }));
      }
      isAsking = false;
      // Asked for meanwhile: what came may be older than what was meant.
      if (isWanted) void ask();
    }
    again.current = () => void ask();
    void ask();
    const timer = setInterval(() => document.hidden || void ask(), everyMs);
    const onShown = () => document.hidden || void ask();
    document.addEventListener("visibilitychange", onShown);
    return () => {
      isOver = true;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", onShown);
    };
  }, [path, everyMs]);
  const isOfPath = state.path === path;
  return {
    value: isOfPath ? state.value : null,
    error: isOfPath ? state.error : null,
    reload: () => again.current(),
  };
}
