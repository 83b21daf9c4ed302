import { callApi } from "./call-api.js";
import { useEvents } from "./follow-events.js";
import { html, useEffect, useState } from "./htm-preact.js";
import { plural } from "./show-values.js";
import { linkTo } from "./use-route.js";

const ENDS = new Set(["success", "error", "timeout", "cancelled"]);

/** An end whose event was missed is found by looking at some of the tasks this often. */
const LOOK_MS = 3000;
const LOOKED_AT_MAX = 20;

/** How far a replay is, until the last of it has ended. @param {{ ids: string[] }} of */
export function ReplayProgress({ ids }) {
  /** @type {import("./htm-preact.js").State<Map<string, string>>} */
  const [ends, setEnds] = useState(new Map());
  const wanted = new Set(ids);
  const isOver = ends.size >= ids.length;
  const note = (/** @type {{ task_id: string, status: string }[]} */ news) => {
    const ended = news.filter(({ task_id, status }) => wanted.has(task_id) && ENDS.has(status));
    if (ended.length === 0) return;
    setEnds(
      (before) =>
        new Map([
          ...before,
          ...ended.map(
            ({ task_id, status }) => /** @type {[string, string]} */ ([task_id, status]),
          ),
        ]),
    );
  };
  useEvents(isOver ? null : {}, note);
  useEffect(() => {
    if (isOver) return;
    const timer = setInterval(() => {
      const open = ids.filter((id) => !ends.has(id)).slice(0, LOOKED_AT_MAX);
      // One that cannot be read now is asked for again.
      void Promise.allSettled(
        open.map((id) => callApi(`tasks/${encodeURIComponent(id)}`).then((task) => note([task]))),
      );
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [isOver, ends.size]);
  const count = (/** @type {string} */ status) =>
    [...ends.values()].filter((one) => one === status).length;
  const failed = count("error") + count("timeout");
  const text = `${ends.size} of ${plural(ids.length, "replayed task")} ended: ${count("success")} succeeded, ${failed} failed${count("cancelled") > 0 ? `, ${count("cancelled")} cancelled` : ""}`;
  const [first] = ids;
  return html`<section class="progress" aria-label="Replay">
    <p role="status">
      <strong>${isOver ? "Replay finished" : "Replaying"}</strong> ${text}.${" "}
      ${ids.length === 1 && first && html`<a href=${linkTo(["tasks", first])}>See it</a>`}
    </p>
    <progress
      max=${Math.max(1, ids.length)}
      value=${ends.size}
      aria-label="Replayed tasks that ended"
    ></progress>
  </section>`;
}
