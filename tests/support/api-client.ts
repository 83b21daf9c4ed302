import { ErrorResponse, TaskAccepted, TaskRecord, TaskResult } from "@orchestrator/contract";
import { send, type Answer, type SendOptions } from "./send.ts";
import { waitFor } from "./wait-for.ts";

/** Anything with a URL: a process of `startOrchestrator`. */
type Api = { url: string };

/** A task as a caller writes it; unknown fields and wrong values included. */
export type TaskBody = Record<string, unknown>;

export interface SubmitOptions extends Omit<SendOptions, "json" | "method"> {
  /** The `wait` query as it stands in the URL. */
  wait?: string | number | boolean;
}

/** POST /orchestrator/tasks; any answer. */
export async function submit(
  api: Api,
  task: TaskBody,
  { wait, ...options }: SubmitOptions = {},
): Promise<Answer> {
  const query = wait === undefined ? "" : `?wait=${wait}`;
  return await send(api, `/orchestrator/tasks${query}`, { ...options, method: "POST", json: task });
}

/** Submits and waits: the result of a task that ended. @throws {Error} for every other answer */
export async function submitAndWait(
  api: Api,
  task: TaskBody,
  options?: SubmitOptions,
): Promise<TaskResult> {
  return TaskResult.parse(expectStatus(200, await submit(api, task, options)));
}

/** Submits without waiting: the id of the task that goes on. @throws {Error} for every other answer than 202 */
export async function submitAsync(
  api: Api,
  task: TaskBody,
  options?: SubmitOptions,
): Promise<TaskAccepted> {
  return TaskAccepted.parse(
    expectStatus(202, await submit(api, task, { wait: false, ...options })),
  );
}

/** GET /orchestrator/tasks/{id}, its shape checked against the contract. */
export async function readTask(
  api: Api,
  id: string,
  { wait }: Pick<SubmitOptions, "wait"> = {},
): Promise<TaskRecord> {
  const query = wait === undefined ? "" : `?wait=${wait}`;
  return TaskRecord.parse(expectStatus(200, await send(api, `/orchestrator/tasks/${id}${query}`)));
}

/** The record once it has ended, by plain polling. */
export async function untilEnded(api: Api, id: string, timeoutMs = 20_000): Promise<TaskRecord> {
  return await waitFor(
    `the end of task ${id}`,
    async () => {
      const record = await readTask(api, id);
      if (record.completed_at === null) throw new Error(`it is ${record.status}`);
      return record;
    },
    { timeoutMs, everyMs: 50 },
  );
}

export interface TaskPage {
  tasks: TaskRecord[];
  total: number;
  limit: number;
  next_cursor: string | null;
}

/** The record says of a task of this droplet that it is running: a moment after the droplet was called. */
export async function untilRunning(api: Api, droplet_name: string): Promise<void> {
  await waitFor(`a running task of ${droplet_name}`, async () => {
    const { tasks } = await listTasks(api, { droplet_name, limit: 1000 });
    return tasks.some(({ status }) => status === "running");
  });
}

/** GET /orchestrator/tasks with a query. */
export async function listTasks(
  api: Api,
  query: Record<string, string | number> = {},
): Promise<TaskPage> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) search.set(name, String(value));
  const answer = await send(api, `/orchestrator/tasks?${search.toString()}`);
  const page = expectStatus(200, answer) as TaskPage;
  return { ...page, tasks: page.tasks.map((task) => TaskRecord.parse(task)) };
}

/** What is inside a refusal, its shape checked: the contract's error under the given HTTP status. */
export function refusalOf(answer: Answer, status: number): ErrorResponse["error"] {
  const refusal = ErrorResponse.parse(expectStatus(status, answer));
  if (answer.headers["x-trace-id"] !== refusal.trace_id) {
    throw new Error(`trace id of the body and X-Trace-ID differ: ${answer.text}`);
  }
  return refusal.error;
}

/** The fields an INVALID_REQUEST complains about. */
export function fieldsRefused(answer: Answer): string[] {
  const { code, details } = refusalOf(answer, 400);
  if (code !== "INVALID_REQUEST") throw new Error(`expected INVALID_REQUEST: ${answer.text}`);
  return (details["issues"] as { path: string }[]).map(({ path }) => path);
}

export interface DropletsAnswer {
  droplets: { [field: string]: unknown; name: string }[];
  cache_status: string;
  served_from: string;
}

/** GET /orchestrator/droplets. */
export async function readDroplets(
  api: Api,
  headers: SendOptions["headers"] = {},
): Promise<DropletsAnswer> {
  const answer = await send(api, "/orchestrator/droplets", { headers });
  return expectStatus(200, answer) as DropletsAnswer;
}

/** The body of an answer with the status that was expected. */
function expectStatus(status: number, answer: Answer): unknown {
  if (answer.status === status) return answer.body;
  throw new Error(`expected ${status}, got ${answer.status}: ${answer.text.slice(0, 1000)}`);
}
