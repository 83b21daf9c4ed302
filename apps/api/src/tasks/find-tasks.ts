import type { TaskListQuery, TaskRecord } from "@orchestrator/contract";
import { encodeCursor, type TaskLedger } from "@orchestrator/queue";

export interface FoundTasks {
  tasks: TaskRecord[];
  total: number;
  nextCursor: string | null;
}

/** Records looked through for one page of a search in errors, and how many of them at a time. */
const LOOKED_THROUGH_MAX = 1000;
const AT_A_TIME = 200;

/** One page of GET /tasks. The lists know nothing of errors: a search for one looks through the records. */
export async function findTasks(
  query: TaskListQuery,
  { history, records }: TaskLedger,
): Promise<FoundTasks | "unknown_cursor"> {
  if (query.error_contains !== undefined) {
    return await searchErrors(query, query.error_contains, { history, records });
  }
  const page = await history.page(query);
  if (page === "unknown_cursor") return page;
  const { ids, total, nextCursor } = page;
  return { tasks: await records.showMany(ids), total, nextCursor };
}

/** The cursor of a page that is full goes on after its last task, wherever that stood among those looked at. */
async function searchErrors(
  query: TaskListQuery,
  part: string,
  { history, records }: Pick<TaskLedger, "history" | "records">,
): Promise<FoundTasks | "unknown_cursor"> {
  const found: FoundTasks = { tasks: [], total: 0, nextCursor: query.cursor ?? null };
  const wanted = part.toLowerCase();
  for (let looked = 0; looked < LOOKED_THROUGH_MAX; looked += AT_A_TIME) {
    const cursor = found.nextCursor ?? undefined;
    const page = await history.page({ ...query, cursor, limit: AT_A_TIME });
    if (page === "unknown_cursor") return page;
    const matching = (await records.showMany(page.ids)).filter(({ error }) =>
      error === null ? false : `${error.code} ${error.message}`.toLowerCase().includes(wanted),
    );
    found.total = page.total;
    found.nextCursor = page.nextCursor;
    found.tasks.push(...matching);
    const surplus = found.tasks.splice(query.limit);
    const last = found.tasks.at(-1);
    if (surplus.length > 0 && last !== undefined) found.nextCursor = cursorAfter(last);
    if (found.tasks.length === query.limit || found.nextCursor === null) break;
  }
  return found;
}

function cursorAfter({ created_at, task_id }: TaskRecord): string {
  return encodeCursor({ createdAt: Math.round(created_at * 1000), id: task_id });
}
