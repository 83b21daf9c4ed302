import { BulkReplay } from "./bulk-replay.js";
import { html, useState } from "./htm-preact.js";
import { Pager } from "./pager.js";
import { ReplayProgress } from "./replay-progress.js";
import { SelectedReplay } from "./selected-replay.js";
import { apiFilterOf, TaskFilter } from "./task-filter.js";
import { TaskTable } from "./task-table.js";
import { Loading, Trouble } from "./trouble.js";
import { usePolled } from "./use-polled.js";
import { useTaskPage } from "./use-task-page.js";

/** How a task fails for good. */
const FAILED = ["error", "timeout"];

/** What failed for good, and its replay: chosen ones, or all that match. @param {{ query: Record<string, string> }} of */
export function FailedView({ query }) {
  const status = query["status"] || "error";
  const filter = { ...apiFilterOf(query), status };
  const page = useTaskPage(filter, true);
  const list = usePolled("droplets", 60_000);
  /** @type {import("./htm-preact.js").State<Set<string>>} */
  const [selected, setSelected] = useState(new Set());
  /** @type {import("./htm-preact.js").State<"selected" | "all" | null>} */
  const [asked, setAsked] = useState(null);
  /** @type {import("./htm-preact.js").State<{ ids: string[], at: number } | null>} */
  const [replayed, setReplayed] = useState(null);
  const names = (list.value?.droplets ?? []).map((/** @type {any} */ { name }) => name);
  const isEmpty = page.value === null || page.value.tasks.length === 0;
  const isSearch = Boolean(query["error_contains"]);
  const started = (/** @type {string[]} */ ids) => {
    setReplayed({ ids, at: Date.now() });
    setSelected(new Set());
  };
  return html`<div class="section-head">
      <h1>Failed tasks</h1>
      <div class="actions">
        <button type="button" disabled=${selected.size === 0} onClick=${() => setAsked("selected")}>
          Replay selected (${selected.size})…
        </button>
        <button type="button" class="primary" disabled=${isEmpty} onClick=${() => setAsked("all")}>
          Replay all that match…
        </button>
      </div>
    </div>
    <p class="tabs" role="group" aria-label="How they failed">
      ${FAILED.map((one) => html`<a key=${one} class="tab" aria-current=${status === one ? "true" : null} href=${hrefWith(query, one)}>${one}</a>`)}
    </p>
    <${TaskFilter}
      section="failed"
      query=${{ ...query, status }}
      droplets=${names}
      statuses=${FAILED}
    />
    ${replayed && html`<${ReplayProgress} key=${replayed.at} ids=${replayed.ids} />`}
    <${Found}
      page=${page}
      status=${status}
      isSearch=${isSearch}
      selected=${selected}
      setSelected=${setSelected}
    />
    ${asked === "selected" && html`<${SelectedReplay} ids=${[...selected]} onStarted=${started} onClose=${() => setAsked(null)} />`}
    ${asked === "all" && html`<${BulkReplay} filter=${filter} onStarted=${started} onClose=${() => setAsked(null)} />`}`;
}

/** One page of them, to choose from. @param {{ page: any, status: string, isSearch: boolean, selected: Set<string>, setSelected: (next: Set<string>) => void }} of */
function Found({ page, status, isSearch, selected, setSelected }) {
  /** @type {any[]} */
  const tasks = page.value?.tasks ?? [];
  const ids = tasks.map(({ task_id }) => task_id);
  const choose = (/** @type {string[]} */ some, /** @type {boolean} */ isChosen) =>
    setSelected(
      isChosen
        ? new Set([...selected, ...some])
        : new Set([...selected].filter((id) => !some.includes(id))),
    );
  return html`<${Trouble} error=${page.error} hasValue=${page.value !== null} />
    ${page.value === null && page.error === null && html`<${Loading} />`}
    ${page.value !== null && tasks.length === 0 && html`<p class="empty">Nothing ended as ${status} here.</p>`}
    ${
      tasks.length > 0 &&
      html`<p>
          <label class="inline">
            <input
              type="checkbox"
              checked=${ids.every((id) => selected.has(id))}
              onChange=${(/** @type {any} */ event) => choose(ids, event.target.checked)}
            />
            All on this page
          </label>
        </p>
        <${TaskTable}
          tasks=${tasks}
          caption=${`Tasks that ended as ${status}, newest first`}
          selected=${selected}
          onSelect=${(/** @type {string} */ id, /** @type {boolean} */ isChosen) => choose([id], isChosen)}
        />`
    }
    <${Pager} page=${page} isSearch=${isSearch} />`;
}

/** @param {Record<string, string>} query @param {string} status */
function hrefWith(query, status) {
  return `#/failed?${new URLSearchParams({ ...query, status }).toString()}`;
}
