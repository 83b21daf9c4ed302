import { queryOf } from "./call-api.js";
import { useEvents } from "./follow-events.js";
import { useState } from "./htm-preact.js";
import { usePolled } from "./use-polled.js";

const PAGE_SIZE = 50;

/** What no event tells (a cancelled retry's end, a record that went) is seen within this. */
const EVERY_MS = 20_000;

/** What the stream of events can be narrowed by; it knows neither times nor errors. */
const FOLLOWED = new Set(["droplet_name", "requested_by", "trace_id"]);

/**
 * One page of tasks that follows what happens, unless it is held still.
 * @param {Record<string, string>} filter of GET /tasks
 * @param {boolean} isLive
 */
export function useTaskPage(filter, isLive) {
  const [place, setPlace] = useState(() => ({ of: "", cursors: /** @type {string[]} */ ([]) }));
  const key = queryOf(filter);
  const cursors = place.of === key ? place.cursors : [];
  const cursor = cursors.at(-1) ?? "";
  const page = usePolled(
    `tasks${queryOf({ ...filter, limit: PAGE_SIZE, cursor })}`,
    isLive ? EVERY_MS : 3_600_000,
  );
  const followed = Object.fromEntries(
    Object.entries(filter).filter(([name]) => FOLLOWED.has(name)),
  );
  useEvents(isLive ? followed : null, () => page.reload());
  return {
    ...page,
    number: cursors.length + 1,
    next: page.value?.next_cursor
      ? () => setPlace({ of: key, cursors: [...cursors, page.value.next_cursor] })
      : null,
    back: cursors.length > 0 ? () => setPlace({ of: key, cursors: cursors.slice(0, -1) }) : null,
  };
}
