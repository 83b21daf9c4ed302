import { randomUUID } from "node:crypto";
import { FAILING_FAST, openStore, type Store } from "@orchestrator/queue";
import { newTask, type Task } from "@orchestrator/core";
import { TaskListQuery, TaskRequest, type TaskStatus } from "@orchestrator/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listTasks, submitAndWait, type TaskPage } from "../support/api-client.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";

const TASKS = 10_000;

/** What the search of so many tasks should take, and what a busy machine may make of it. */
const SEARCH_MS = 50;
const BUSY = 3;

const shared = shareOrchestrator({ droplets: ["live"], workers: 1 });

/** A task of the past, as the lists know it. */
interface Seed {
  id: string;
  droplet: string;
  requestedBy: string | null;
  trace: string;
  /** ms */
  createdAt: number;
  status: TaskStatus;
}

const STATUSES: TaskStatus[] = ["success", "success", "success", "error", "timeout", "cancelled"];
const ENDS = ["success", "error", "timeout", "cancelled"];
const FIRST_MS = Date.now() - 3_600_000;

/** Several of them share a millisecond, as tasks of one batch do. */
const seeds: Seed[] = Array.from({ length: TASKS }, (_, n) => ({
  id: randomUUID(),
  droplet: `Past-${n % 7}`,
  requestedBy: n % 5 === 0 ? null : `caller-${n % 50}`,
  trace: n < TASKS / 2 ? `trace-${Math.floor(n / 4)}` : `alone-${n}`,
  createdAt: FIRST_MS + Math.floor(n / 3) * 10,
  status: n % 100 === 99 ? "queued" : (STATUSES[n % STATUSES.length] ?? "success"),
}));

let store: Store;

beforeAll(async () => {
  const { redisUrl, keyPrefix, cacheDir, registry } = shared.orchestrator;
  store = await openStore({
    redisUrl,
    keyPrefix,
    name: "test",
    manners: { ...FAILING_FAST, commandTimeout: 20_000 },
    bodyLimits: { keepMs: 60_000, bytesMax: 1024 * 1024 },
    registryUrl: registry.url,
    registryCacheExpiryMs: 60_000,
    registryCacheDir: cacheDir,
    onError: () => {},
  });
  for (let start = 0; start < TASKS; start += 1000) {
    await Promise.all(seeds.slice(start, start + 1000).map(async (seed) => await write(seed)));
  }
}, 60_000);
afterAll(async () => await store[Symbol.asyncDispose]());

function taskOf({ id, droplet, requestedBy, trace, createdAt }: Seed): Task {
  const meta = requestedBy === null ? {} : { requested_by: requestedBy };
  const request = TaskRequest.parse({ droplet_name: droplet, path: "/", meta });
  const defaults = { timeoutMs: 30_000, maxRetries: 3 };
  return newTask(request, defaults, {
    id,
    dropletName: droplet,
    callbackDropletName: null,
    path: "/",
    traceId: trace,
    traceparent: null,
    caller: null,
    claim: null,
    replayedFrom: null,
    hops: 1,
    nowMs: createdAt,
  });
}

/** As a process would, only in the past. */
async function write(seed: Seed): Promise<void> {
  const task = taskOf(seed);
  const { status } = seed;
  await store.ledger.submitted(task);
  if (status === "queued" || status === "running") return;
  await store.ledger.end(
    {
      task,
      end: { status, error: null },
      nowMs: seed.createdAt + 5,
      attempt: null,
      response: { stored: { status: 200, headers: {}, bodyBytes: 2, body: {} }, wholeBody: null },
      targetUrl: null,
      replyChannel: null,
      input: null,
    },
    [],
  );
}

/** Newest first; within a millisecond by id, as the cursor needs it. */
const newestFirst = (a: Seed, b: Seed): number =>
  b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1);

function expected(query: Record<string, string | number>): string[] {
  return seeds
    .filter(
      (seed) =>
        (query["status"] === undefined || seed.status === query["status"]) &&
        (query["droplet_name"] === undefined ||
          seed.droplet.toLowerCase() === String(query["droplet_name"]).toLowerCase()) &&
        (query["requested_by"] === undefined || seed.requestedBy === query["requested_by"]) &&
        (query["trace_id"] === undefined || seed.trace === query["trace_id"]) &&
        (query["since"] === undefined || seed.createdAt >= Number(query["since"]) * 1000) &&
        (query["until"] === undefined || seed.createdAt <= Number(query["until"]) * 1000),
    )
    .toSorted(newestFirst)
    .map(({ id }) => id);
}

const idsOf = (page: TaskPage): string[] => page.tasks.map(({ id }) => id);

/** Seconds, of the creation of the n-th seed: bounds that cut through a shared millisecond are what is hard. */
const at = (n: number): number => (seeds[n]?.createdAt ?? 0) / 1000;

const FILTERS: Record<string, string | number>[] = [
  {},
  ...["success", "error", "timeout", "cancelled", "queued"].map((status) => ({ status })),
  { droplet_name: "past-3" },
  { droplet_name: "PAST-0", status: "error" },
  { droplet_name: "past-1", status: "queued" },
  { requested_by: "caller-7" },
  { requested_by: "caller-7", status: "success" },
  { requested_by: "caller-8", droplet_name: "past-2" },
  { requested_by: "caller-9", droplet_name: "past-2", status: "timeout" },
  { trace_id: "trace-100" },
  { trace_id: "trace-100", status: "success", droplet_name: "past-1" },
  { trace_id: "trace-101", requested_by: "caller-6" },
  { trace_id: "alone-7000" },
  { trace_id: "alone-7000", status: "timeout" },
  { trace_id: "alone-7000", status: "success", droplet_name: "past-0" },
  { trace_id: "alone-7001", requested_by: "caller-2" },
  { trace_id: "alone-7000", since: at(7000), until: at(7000) },
  { trace_id: "alone-7000", since: at(7003) },
  { trace_id: "alone-7000", until: at(6990) },
  { trace_id: "nothing" },
  { since: at(9000) },
  { until: at(500) },
  { since: at(4000), until: at(4003) },
  { since: at(4000), until: at(6000), status: "error", droplet_name: "past-5" },
  { since: at(4000), until: at(6000), requested_by: "caller-3" },
  { since: at(6000), until: at(4000) },
  { requested_by: "nobody" },
  { droplet_name: "nothing", status: "success" },
];

test.for(FILTERS)("finds exactly what matches %j, newest first, and counts it", async (filter) => {
  const matches = expected(filter);
  const page = await listTasks(shared.api, { ...filter, limit: 200 });
  expect(page.total).toBe(matches.length);
  expect(idsOf(page)).toEqual(matches.slice(0, 200));
  expect(page.next_cursor === null).toBe(matches.length < 200);
});

test.for([
  [{ requested_by: "caller-7" }, 7],
  [{ droplet_name: "past-3", status: "error" }, 100],
  [{ since: at(4000), until: at(4100) }, 1],
  [{ since: at(4000), until: at(4100) }, 2],
  [{ trace_id: "trace-100" }, 1],
  [{ trace_id: "alone-7000" }, 1],
] as [Record<string, string | number>, number][])(
  "page after page of %j holds every match once, %i at a time",
  async ([filter, limit]) => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: Record<string, string | number> = { ...filter, limit };
      if (cursor !== null) query["cursor"] = cursor;
      const page = await listTasks(shared.api, query);
      expect(page.total).toBe(expected(filter).length);
      expect(page.tasks.length).toBeLessThanOrEqual(limit);
      if (page.next_cursor !== null) expect(page.next_cursor).toMatch(/^[A-Za-z0-9_-]+$/);
      seen.push(...idsOf(page));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(expected(filter));
  },
);

test("10,000 records are searched in milliseconds, whatever the filter", async () => {
  const queries = FILTERS.map((filter) => TaskListQuery.parse({ ...filter, limit: 100 }));
  await Promise.all(queries.map(async (query) => await store.ledger.history.page(query)));
  const lines: string[] = [];
  for (const query of queries) {
    const took: number[] = [];
    for (let round = 0; round < 5; round++) {
      const startedAt = performance.now();
      await store.ledger.history.page(query);
      took.push(performance.now() - startedAt);
    }
    const median = took.toSorted((a, b) => a - b)[2] ?? 0;
    lines.push(`${median.toFixed(1)} ms  ${JSON.stringify(query)}`);
    expect(median, JSON.stringify(query)).toBeLessThan(SEARCH_MS * BUSY);
  }
  const whole = [];
  for (const limit of [1, 100, 1000]) {
    const startedAt = performance.now();
    await listTasks(shared.api, { limit });
    whole.push(`limit ${limit}: ${(performance.now() - startedAt).toFixed(0)} ms`);
  }
  process.stdout.write(`Search of ${TASKS} records: ${lines.join("; ")}\n`);
  process.stdout.write(`GET /tasks over HTTP, records included: ${whole.join(", ")}\n`);
});

test("a cursor stays right while tasks arrive: no doubles, no gaps among those that were there", async () => {
  const filter = { since: at(TASKS - 300) };
  const old = expected(filter);
  const seen: string[] = [];
  let arrived = 0;
  let cursor: string | null = null;
  do {
    const query: Record<string, string | number> = { ...filter, limit: 40 };
    if (cursor !== null) query["cursor"] = cursor;
    const page = await listTasks(shared.api, query);
    expect(page.total).toBe(old.length + arrived);
    seen.push(...idsOf(page));
    cursor = page.next_cursor;
    await submitAndWait(shared.api, { droplet_name: "live", path: "/" });
    arrived++;
  } while (cursor !== null);
  expect(arrived).toBeGreaterThan(5);
  expect(seen).toEqual(old);
});

test("a task is found under its new status as soon as its caller knows of it", async () => {
  const meta = { requested_by: "in-a-hurry" };
  for (let n = 1; n <= 10; n++) {
    const { task_id } = await submitAndWait(shared.api, { droplet_name: "live", path: "/", meta });
    for (const status of ENDS) {
      const page = await listTasks(shared.api, { requested_by: "in-a-hurry", status });
      expect(page.total).toBe(status === "success" ? n : 0);
      if (status === "success") expect(page.tasks[0]?.id).toBe(task_id);
    }
  }
});

test.each([
  ["sent", "half \ud83d"],
  ["left by cutting", `${"x".repeat(254)}\ud83d\ude00`],
])("half a character, %s, is listed as the sign for what cannot be read", async (_, by) => {
  const meta = { requested_by: by };
  const { task_id, status } = await submitAndWait(shared.api, {
    droplet_name: "live",
    path: "/",
    meta,
  });
  expect(status).toBe("success");
  const page = await listTasks(shared.api, { requested_by: by.slice(0, 255).toWellFormed() });
  expect(page.tasks.map(({ id }) => id)).toEqual([task_id]);
});
