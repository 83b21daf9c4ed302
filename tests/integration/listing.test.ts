import { afterAll, beforeAll, expect, test } from "vitest";
import {
  fieldsRefused,
  listTasks,
  submitAndWait,
  submitAsync,
  type TaskPage,
} from "../support/api-client.ts";
import { send } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const shared = shareOrchestrator({ droplets: ["Alpha", "beta"] });

/** What the tests below list, oldest first: three successes, two errors, one that runs, one that waits. */
const ids = { success: [] as string[], error: [] as string[], running: "", queued: "" };

beforeAll(async () => {
  const { api } = shared;
  const beta = shared.droplet("beta");
  for (const color of ["red", "green", "blue"]) {
    const meta = { requested_by: color === "blue" ? "night-job" : "billing" };
    const { task_id } = await submitAndWait(
      api,
      { droplet_name: "alpha", path: `/${color}`, meta },
      { headers: { "x-trace-id": `trace-${color}` } },
    );
    ids.success.push(task_id);
  }
  beta.on("/gone", [404]);
  for (let n = 0; n < 2; n++) {
    const meta = { requested_by: "billing" };
    const { task_id } = await submitAndWait(api, { droplet_name: "BETA", path: "/gone", meta });
    ids.error.push(task_id);
  }
  beta.on("/hang", ["hang"]);
  ids.running = (await submitAsync(api, { droplet_name: "beta", path: "/hang" })).task_id;
  await beta.untilHanging(1);
  const waiting = { droplet_name: "alpha", path: "/later", delay_ms: 3_600_000 };
  ids.queued = (await submitAsync(api, waiting)).task_id;
  // The lists follow the records in a second step.
  await waitFor("the lists to be complete", async () => {
    const [all, ended, running] = await Promise.all([
      listTasks(api),
      listTasks(api, { status: "error" }),
      listTasks(api, { status: "running" }),
    ]);
    return all.total === 7 && ended.total === 2 && running.total === 1;
  });
});
afterAll(async () => void (await shared.droplet("beta").release()));

const idsOf = (page: TaskPage): string[] => page.tasks.map(({ task_id }) => task_id);
const newestFirst = (): string[] => [
  ids.queued,
  ids.running,
  ...ids.error.toReversed(),
  ...ids.success.toReversed(),
];

test("all tasks are listed, newest first, with their records and in total", async () => {
  const page = await listTasks(shared.api);
  expect(idsOf(page)).toEqual(newestFirst());
  expect(page).toMatchObject({ total: 7, limit: 100, next_cursor: null });
  expect(page.tasks.at(-1)).toMatchObject({
    id: ids.success[0],
    droplet_name: "Alpha",
    method: "GET",
    path: "/red",
    status: "success",
    response_status: 200,
    response_body: { path: "/red" },
    retry_count: 0,
    trace_id: "trace-red",
    meta: { requested_by: "billing" },
    priority: "normal",
    replayed_from: null,
    next_attempt_at: null,
    error_message: null,
    attempts: [{ number: 1, outcome: "responded", response_status: 200, error: null }],
  });
});

test.for([
  ["success", () => ids.success.toReversed()],
  ["error", () => ids.error.toReversed()],
  ["running", () => [ids.running]],
  ["queued", () => [ids.queued]],
  ["timeout", () => []],
  ["cancelled", () => []],
] as const)(
  "status=%s lists the tasks in that state",
  async ([status, expected], { expect: the }) => {
    const page = await listTasks(shared.api, { status });
    the(idsOf(page)).toEqual(expected());
    the(page.total).toBe(expected().length);
    the(page.tasks.every((task) => task.status === status)).toBe(true);
  },
);

test("a droplet's tasks are listed whatever the case of its name", async () => {
  for (const droplet_name of ["alpha", "Alpha", "ALPHA"]) {
    const page = await listTasks(shared.api, { droplet_name });
    expect(idsOf(page)).toEqual([ids.queued, ...ids.success.toReversed()]);
    expect(page.total).toBe(4);
  }
  expect(await listTasks(shared.api, { droplet_name: "gamma" })).toMatchObject({ total: 0 });
});

test("filters narrow each other", async () => {
  const cases: [query: Record<string, string>, expected: string[]][] = [
    [{ status: "running", droplet_name: "Beta" }, [ids.running]],
    [{ status: "running", droplet_name: "alpha" }, []],
    [{ status: "queued", droplet_name: "alpha" }, [ids.queued]],
    [
      { requested_by: "billing" },
      [...ids.error.toReversed(), ...ids.success.slice(0, 2).toReversed()],
    ],
    [{ requested_by: "billing", droplet_name: "beta" }, ids.error.toReversed()],
    [{ requested_by: "billing", status: "success" }, ids.success.slice(0, 2).toReversed()],
    [{ requested_by: "Billing" }, []],
    [{ trace_id: "trace-green" }, ids.success.slice(1, 2)],
    [{ trace_id: "trace-green", status: "error" }, []],
  ];
  for (const [query, expected] of cases) {
    const page = await listTasks(shared.api, query);
    expect([query, idsOf(page), page.total]).toEqual([query, expected, expected.length]);
  }
});

test("since and until bound the time of creation, ends included", async () => {
  const { tasks } = await listTasks(shared.api);
  const [, , errorAt, , blueAt] = tasks.map(({ created_at }) => created_at);
  const query = { since: blueAt ?? 0, until: errorAt ?? 0 };
  const page = await listTasks(shared.api, query);
  expect(idsOf(page)).toEqual([...ids.error.toReversed(), ids.success[2]]);
  expect(page.total).toBe(3);
  expect(await listTasks(shared.api, { until: 1 })).toMatchObject({ total: 0, tasks: [] });
});

test("the total counts the matches before the limit", async () => {
  const page = await listTasks(shared.api, { limit: 2 });
  expect(idsOf(page)).toEqual(newestFirst().slice(0, 2));
  expect(page).toMatchObject({ total: 7, limit: 2, next_cursor: expect.any(String) });
});

test.for([1, 2, 3, 7])(
  "cursors lead through all pages of %i, each task once",
  async (limit, { expect: the }) => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: Record<string, string | number> =
        cursor === null ? { limit } : { limit, cursor };
      const page: TaskPage = await listTasks(shared.api, query);
      the(page.total).toBe(7);
      seen.push(...idsOf(page));
      cursor = page.next_cursor;
      if (cursor !== null) the(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
    } while (cursor !== null);
    the(seen).toEqual(newestFirst());
  },
);

test("cursors work with filters", async () => {
  const first = await listTasks(shared.api, { status: "success", limit: 2 });
  const cursor = first.next_cursor ?? "";
  const second = await listTasks(shared.api, { status: "success", limit: 2, cursor });
  expect([...idsOf(first), ...idsOf(second)]).toEqual(ids.success.toReversed());
  expect(second.next_cursor).toBeNull();
});

test.for([
  ["limit", "0"],
  ["limit", "1001"],
  ["limit", "-1"],
  ["limit", "1.5"],
  ["limit", "all"],
  ["limit", ""],
  ["status", "done"],
  ["cursor", "not a cursor"],
  ["cursor", "bm9uc2Vuc2U"],
  ["since", "yesterday"],
  ["until", "-1"],
] as const)("%s=%s is refused, not clamped", async ([name, value], { expect: the }) => {
  const query = new URLSearchParams([[name, value]]).toString();
  the(fieldsRefused(await send(shared.api, `/orchestrator/tasks?${query}`))).toEqual([name]);
});

test("limit=1000 is taken", async () => {
  expect(await listTasks(shared.api, { limit: 1000 })).toMatchObject({ limit: 1000, total: 7 });
});
