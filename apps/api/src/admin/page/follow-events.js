import { API_URL, queryOf } from "./call-api.js";
import { noteStream } from "./connection.js";
import { useEffect, useRef } from "./htm-preact.js";

const NAMES = [
  "queued",
  "running",
  "retrying",
  "success",
  "error",
  "timeout",
  "cancelled",
  "reset",
];

/** A browser gives up on a stream that was refused (503, say): then it is opened anew after this. */
const REOPEN_MS = 3000;

/** However much happens, whoever listens is told at most this often. */
const TELL_EVERY_MS = 700;

/**
 * Tells when something happened to the tasks of a filter, with all events since the last time.
 * @param {Record<string, string> | null} filter of GET /tasks/events; null follows nothing
 * @param {(events: { task_id: string, status: string }[]) => void} onEvents
 */
export function useEvents(filter, onEvents) {
  const listener = useRef(onEvents);
  listener.current = onEvents;
  const path = filter === null ? null : `tasks/events${queryOf(filter)}`;
  useEffect(
    () => (path === null ? undefined : follow(path, (events) => listener.current(events))),
    [path],
  );
}

/** @param {string} path @param {(events: any[]) => void} tell */
function follow(path, tell) {
  /** @type {EventSource | null} */
  let source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let reopening;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let telling;
  /** @type {any[]} */
  let collected = [];
  let wasLost = false;

  function collect(/** @type {MessageEvent} */ event) {
    collected.push(JSON.parse(event.data));
    telling ??= setTimeout(() => {
      telling = undefined;
      const events = collected;
      collected = [];
      tell(events);
    }, TELL_EVERY_MS);
  }

  function open() {
    source = new EventSource(new URL(path, API_URL));
    for (const name of NAMES) source.addEventListener(name, collect);
    source.addEventListener("open", () => {
      noteStream(true);
      // What happened in between is found by looking.
      if (wasLost) tell([]);
      wasLost = false;
    });
    source.addEventListener("error", () => {
      wasLost = true;
      noteStream(false);
      if (source?.readyState !== EventSource.CLOSED) return;
      reopening = setTimeout(open, REOPEN_MS);
    });
  }

  open();
  return () => {
    source?.close();
    clearTimeout(reopening);
    clearTimeout(telling);
    noteStream(true);
  };
}
