import { html, useState } from "./htm-preact.js";
import { Pager } from "./pager.js";
import { apiFilterOf, TaskFilter } from "./task-filter.js";
import { TaskTable } from "./task-table.js";
import { Loading, Trouble } from "./trouble.js";
import { usePolled } from "./use-polled.js";
import { useTaskPage } from "./use-task-page.js";

const STATUSES = ["queued", "running", "success", "error", "timeout", "cancelled"];

/** Search in all tasks; new ones appear as they come. @param {{ query: Record<string, string> }} of */
export function TasksView({ query }) {
  const [isLive, setIsLive] = useState(true);
  const filter = apiFilterOf(query);
  const page = useTaskPage(filter, isLive);
  const list = usePolled("droplets", 60_000);
  const names = (list.value?.droplets ?? []).map((/** @type {any} */ { name }) => name);
  const tasks = page.value?.tasks ?? [];
  return html`<div class="section-head">
      <h1>Tasks</h1>
      <label class="inline"
        ><input
          type="checkbox"
          checked=${isLive}
          onChange=${(/** @type {any} */ event) => setIsLive(event.target.checked)}
        />
        Follow live</label
      >
    </div>
    <${TaskFilter}
      section="tasks"
      query=${query}
      droplets=${names}
      statuses=${STATUSES}
      hasId=${true}
    />
    <${Trouble} error=${page.error} hasValue=${page.value !== null} />
    ${page.value === null && page.error === null && html`<${Loading} />`}
    ${page.value !== null && tasks.length === 0 && html`<p class="empty">${Object.keys(filter).length > 0 ? "No task matches." : "There are no tasks yet: the first will appear here by itself."}</p>`}
    ${tasks.length > 0 && html`<${TaskTable} tasks=${tasks} caption="Tasks, newest first" />`}
    <${Pager} page=${page} isSearch=${Boolean(filter["error_contains"])} />`;
}
