import { expect, test } from "vitest";
import {
  fieldsRefused,
  refusalOf,
  submitAndWait,
  submitAsync,
  untilEnded,
  type TaskBody,
} from "../support/api-client.ts";
import { readEvents, type EventReader } from "../support/event-reader.ts";
import { perTask } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import type { Step } from "../support/step.ts";

const shared = shareOrchestrator({ droplets: ["Alpha"], apis: 2 });

const UNKNOWN = "550e8400-e29b-41d4-a716-446655440000";

const eventsOf = (id: string): string => `/orchestrator/tasks/${id}/events`;
const idsOf = (reader: EventReader): string[] => reader.events.map(({ id }) => id);
const withoutTimes = ({ events }: EventReader): string[][] =>
  events.map(({ id, event }) => [id, event]);

/** A task of its own path, whose calls are answered by these steps. */
function taskThatMeets(...steps: Step[]): { droplet_name: string; path: string } {
  return { droplet_name: "alpha", path: shared.droplet("Alpha").route(perTask(steps)) };
}

async function storyOf(task: TaskBody): Promise<string[]> {
  const { task_id } = await submitAsync(shared.api, task);
  await using reader = await readEvents(shared.api, eventsOf(task_id));
  await reader.untilEnd();
  return reader.names;
}

test("a task's stream tells its life as it happens, and closes with its end", async () => {
  const { task_id, trace_id } = await submitAsync(
    shared.api,
    taskThatMeets({ afterMs: 400, status: 503 }, { afterMs: 400 }),
  );
  await using reader = await readEvents(shared.api, eventsOf(task_id));
  expect(reader.status).toBe(200);
  expect(reader.headers).toMatchObject({
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  await reader.untilCount(2);
  expect(reader.names).toEqual(["queued", "running"]);
  await reader.untilCount(3);
  expect(reader.names.at(-1)).toBe("retrying");
  await reader.untilEnd();

  expect(reader.wasEnded).toBe(true);
  expect(reader.blocks[0]).toBe("retry: 2000");
  expect(reader.names).toEqual(["queued", "running", "retrying", "running", "success"]);
  expect(idsOf(reader)).toEqual(["1", "2", "3", "4", "end"]);
  const data = reader.data;
  expect(data.map(({ status }) => status)).toEqual([
    "queued",
    "running",
    "queued",
    "running",
    "success",
  ]);
  expect(data.map(({ retry_count }) => retry_count)).toEqual([0, 0, 0, 1, 1]);
  for (const event of data)
    expect(event).toMatchObject({ task_id, trace_id, droplet_name: "Alpha" });
  const times = data.map(({ at }) => at);
  expect(times).toEqual(times.toSorted((a, b) => a - b));

  await using late = await readEvents(shared.api, eventsOf(task_id));
  await late.untilEnd();
  expect(withoutTimes(late), "who comes late hears the same").toEqual(withoutTimes(reader));
});

test("every end there is closes the stream", async () => {
  const [failed, late] = await Promise.all([
    storyOf(taskThatMeets(404)),
    storyOf({ ...taskThatMeets("hang"), timeout_ms: 300 }),
  ]);
  expect(failed).toEqual(["queued", "running", "error"]);
  expect(late).toEqual(["queued", "running", "timeout"]);

  const hanging = taskThatMeets("hang");
  const { task_id } = await submitAsync(shared.api, hanging);
  await shared.droplet("Alpha").untilRequests(1, ({ path }) => path === hanging.path);
  await using cancelled = await readEvents(shared.api, eventsOf(task_id));
  await cancelled.untilCount(2);
  await cancel(task_id);
  await cancelled.untilEnd();
  expect(cancelled.names).toEqual(["queued", "running", "cancelled"]);
});

test("a task that is cancelled while it waits for its retry says so to whoever saw it wait", async () => {
  const path = shared.droplet("Alpha").route([{ status: 503, headers: { "retry-after": "20" } }]);
  const { task_id } = await submitAsync(shared.api, { droplet_name: "alpha", path });
  await using reader = await readEvents(shared.api, eventsOf(task_id));
  await reader.untilCount(3);
  await cancel(task_id);
  await reader.untilEnd();
  expect(reader.names).toEqual(["queued", "running", "retrying", "cancelled"]);
});

test("a task's stream is resumed after the last event seen, by header or by query", async () => {
  const { task_id } = await submitAndWait(shared.api, taskThatMeets(503, 200));
  const path = eventsOf(task_id);
  await using byHeader = await readEvents(shared.api, path, { lastEventId: "2" });
  await using byQuery = await readEvents(shared.api, `${path}?last_event_id=2`);
  await using byBoth = await readEvents(shared.api, `${path}?last_event_id=1`, {
    lastEventId: "4",
  });
  for (const reader of [byHeader, byQuery, byBoth]) await reader.untilEnd();
  expect(byHeader.names).toEqual(["retrying", "running", "success"]);
  expect(byQuery.events).toEqual(byHeader.events);
  expect(byBoth.names, "the header, which a browser sets when it reconnects, wins").toEqual([
    "success",
  ]);

  await using again = await readEvents(shared.api, path, { lastEventId: "end" });
  await again.untilEnd();
  expect(again.status, "tells an EventSource to stop reconnecting").toBe(204);
});

test("what is no stream is refused", async () => {
  const { task_id } = await submitAndWait(shared.api, taskThatMeets(200));
  const api = shared.api;
  const unknown = await send(api, eventsOf(UNKNOWN));
  expect(refusalOf(unknown, 404).code).toBe("TASK_NOT_FOUND");
  const headers = { "last-event-id": "yesterday" };
  for (const path of [eventsOf(task_id), "/orchestrator/tasks/events"]) {
    expect(fieldsRefused(await send(api, path, { headers }))).toEqual(["last_event_id"]);
    const posted = await send(api, path, { method: "POST" });
    expect(refusalOf(posted, 405).code).toBe("METHOD_NOT_ALLOWED");
    expect(posted.headers.allow).toBe("GET");
    const head = await send(api, path, { method: "HEAD" });
    expect(head).toMatchObject({ status: 200, text: "" });
  }
  const wrong = await send(api, "/orchestrator/tasks/events?status=done&droplet_name=");
  expect(fieldsRefused(wrong)).toEqual(["status", "droplet_name"]);
});

test("a filter's stream tells of every task that matches, whichever API took it", async () => {
  const [first, second] = shared.orchestrator.apis;
  const by = { requested_by: "events-test" };
  const other = taskThatMeets(404);
  const filters = {
    all: "",
    droplet: "droplet_name=ALPHA",
    requested_by: "requested_by=events-test",
    trace_id: "trace_id=trace-of-events",
    status: "requested_by=events-test&status=error",
    retried: "requested_by=events-test&status=queued",
    nobody: "droplet_name=alpha&requested_by=nobody",
  };
  const readers = await openAll(filters, second ?? shared.api);
  try {
    const { task_id: mine } = await submitAndWait(
      first ?? shared.api,
      { ...taskThatMeets(503, 200), meta: by },
      { headers: { "x-trace-id": "trace-of-events" } },
    );
    const { task_id: failed } = await submitAndWait(shared.api, { ...other, meta: by });
    await submitAndWait(shared.api, taskThatMeets(200));
    const { all, droplet, requested_by, trace_id, status, retried } = readers;
    await Promise.all([all.untilCount(5 + 3 + 3), droplet.untilCount(5 + 3 + 3)]);
    await Promise.all([requested_by.untilCount(8), trace_id.untilCount(5)]);
    await Promise.all([status.untilCount(1), retried.untilCount(3)]);
    const life = ["queued", "running", "retrying", "running", "success"];
    expect(readers.all.data.map(({ droplet_name }) => droplet_name)).toEqual(
      Array.from({ length: 11 }, () => "Alpha"),
    );
    expect(readers.droplet.events).toEqual(readers.all.events);
    expect(readers.requested_by.names).toEqual([...life, "queued", "running", "error"]);
    expect(readers.trace_id.names).toEqual(life);
    expect(readers.trace_id.data.every(({ task_id }) => task_id === mine)).toBe(true);
    expect(readers.status.data).toEqual([
      expect.objectContaining({ task_id: failed, status: "error" }),
    ]);
    expect(readers.retried.names).toEqual(["queued", "retrying", "queued"]);
    expect(readers.nobody.events).toEqual([]);
  } finally {
    for (const reader of Object.values(readers)) reader.hangUp();
  }
});

test("a filter's stream goes on after the last event seen, with nothing missing or doubled", async () => {
  const path = "/orchestrator/tasks/events?requested_by=resumer";
  const task = { ...taskThatMeets(200), meta: { requested_by: "resumer" } };
  await using quiet = await readEvents(shared.api, path);
  await using whole = await readEvents(shared.api, path);
  await waitForPosition(quiet);
  quiet.hangUp();

  await submitAndWait(shared.api, task);
  await whole.untilCount(3);
  await using resumed = await readEvents(shared.api, path, { lastEventId: quiet.lastEventId });
  await resumed.untilCount(3);
  await submitAndWait(shared.api, task);
  await Promise.all([whole.untilCount(6), resumed.untilCount(6)]);
  expect(resumed.events, "also when none had come before").toEqual(whole.events);

  const [, second] = idsOf(whole);
  await using later = await readEvents(shared.orchestrator.apis[1] ?? shared.api, path, {
    lastEventId: second ?? "",
  });
  await later.untilCount(4);
  expect(later.events).toEqual(whole.events.slice(2));
});

test("under load no stream shows a state after the end, and those who come and resume meanwhile miss nothing", async () => {
  const path = "/orchestrator/tasks/events?requested_by=storm";
  await using reader = await readEvents(shared.api, path);
  await waitForPosition(reader);
  const tasks = Array.from({ length: 150 }, (_, n) => ({
    ...taskThatMeets(...(n % 5 === 0 ? [503, 200] : [200])),
    meta: { requested_by: "storm" },
  }));
  await send(shared.api, "/orchestrator/tasks/batch", { method: "POST", json: { tasks } });
  await reader.untilCount(1);
  const [first] = idsOf(reader);
  await using resumed = new AsyncDisposableStack();
  const resumers: EventReader[] = [];
  for (let n = 0; n < 30; n++) {
    resumers.push(resumed.use(await readEvents(shared.api, path, { lastEventId: first ?? "" })));
  }
  const ends = (): number => reader.names.filter((name) => name === "success").length;
  await expect.poll(ends, { timeout: 20_000 }).toBe(tasks.length);
  expect(new Set(idsOf(reader)).size).toBe(reader.events.length);
  for (const resumer of resumers) {
    await resumer.untilCount(reader.events.length - 1);
    expect(idsOf(resumer)).toEqual(idsOf(reader).slice(1));
  }
  const states = Map.groupBy(reader.events, ({ data }) => (data as { task_id: string }).task_id);
  for (const events of states.values()) {
    const names = events.map(({ event }) => event);
    expect(names.at(-1)).toBe("success");
    expect(names[0]).toBe("queued");
    // Of the states between, one that a later one overtook is left out.
    const life = ["queued", "running", "retrying", "running", "success"];
    expect(isPartOf(names, life), names.join(" ")).toBe(true);
  }
});

async function cancel(taskId: string): Promise<void> {
  await send(shared.api, `/orchestrator/tasks/${taskId}`, { method: "DELETE" });
  await untilEnded(shared.api, taskId);
}

async function openAll<Name extends string>(
  filters: Record<Name, string>,
  api: { url: string },
): Promise<Record<Name, EventReader>> {
  const entries = Object.entries<string>(filters).map(async ([name, query]) => {
    const reader = await readEvents(api, `/orchestrator/tasks/events?${query}`);
    await waitForPosition(reader);
    return [name, reader] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<Name, EventReader>;
}

/** From here on nothing is missed. */
async function waitForPosition(reader: EventReader): Promise<void> {
  await expect.poll(() => reader.lastEventId).toMatch(/^\d+-\d+$/);
}

/** Whether `some` is `all` with pieces left out. */
function isPartOf(some: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  for (const one of all) if (one === some[at]) at++;
  return at === some.length;
}
