import { expect, test } from "vitest";
import {
  fieldsRefused,
  readTask,
  refusalOf,
  submitAndWait,
  submitAsync,
  untilEnded,
  type TaskBody,
} from "../support/api-client.ts";
import { echo } from "../support/scripted-droplet.ts";
import { send, type Answer } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

/** Bulk replays take whatever their filter matches: each test that makes one has a droplet of its own. */
const shared = shareOrchestrator({
  droplets: ["single", "Filtered", "times", "ramped", "kept", "unmatched"],
});

async function retry(id: string, query = ""): Promise<Answer> {
  return await send(shared.api, `/orchestrator/tasks/${id}/retry${query}`, { method: "POST" });
}

async function retryAll(filter: unknown): Promise<Answer> {
  return await send(shared.api, "/orchestrator/tasks/retry", { method: "POST", json: filter });
}

async function failOnce(droplet: string, more: TaskBody = {}): Promise<string> {
  const body = { droplet_name: droplet, path: "/fails", max_retries: 0, ...more };
  return (await submitAndWait(shared.api, body)).task_id;
}

test.concurrent("a replay is the same work again as a new task, with its payload, headers and settings", async () => {
  const droplet = shared.droplet("single");
  let isBroken = true;
  const path = droplet.route((request) => (isBroken ? 404 : echo(request)));
  const original = {
    droplet_name: "single",
    method: "PUT",
    path: `${path}?a=1&b=%20`,
    payload: { order: 7, lines: ["ä", null] },
    headers: { "X-Own": "kept", "Content-Type": "application/vnd.mesh+json" },
    meta: { requested_by: "replayer", order: 7 },
    priority: "high",
    timeout_ms: 5000,
    attempt_timeout_ms: 4321,
    deadline_ms: 20_000,
  };
  const failed = await submitAndWait(shared.api, original);
  expect(failed).toMatchObject({ status: "error", response_status: 404 });
  isBroken = false;
  const answer = await retry(failed.task_id, "?wait=true");
  expect(answer.status).toBe(200);
  const { task_id } = answer.body as { task_id: string };
  expect(task_id).not.toBe(failed.task_id);
  expect(answer.body).toMatchObject({ status: "success", response_status: 200 });

  const record = await readTask(shared.api, task_id);
  expect(record).toMatchObject({
    method: "PUT",
    path: original.path,
    meta: original.meta,
    priority: "high",
    replayed_from: failed.task_id,
  });
  expect(record.trace_id).toBe(answer.headers["x-trace-id"]);
  const [first] = droplet.callsOf(failed.task_id);
  const [again] = droplet.callsOf(task_id);
  expect(again).toMatchObject({ method: "PUT", path: original.path, json: original.payload });
  expect(again?.headers).toMatchObject({
    "x-own": "kept",
    "content-type": "application/vnd.mesh+json",
    "idempotency-key": task_id,
    "x-request-deadline": "4321",
    "x-attempt": "1",
  });
  expect(first?.bytes.equals(again?.bytes ?? Buffer.alloc(0))).toBe(true);
  expect((await readTask(shared.api, failed.task_id)).status).toBe("error");
});

test.concurrent("without a wish a replay answers 202 with where it comes from, and lineage is a chain", async () => {
  const chain = [await failOnce("single", { path: shared.droplet("single").route([404]) })];
  for (let n = 0; n < 3; n++) {
    const answer = await retry(chain.at(-1) ?? "");
    expect(answer.status).toBe(202);
    const { task_id } = answer.body as { task_id: string };
    expect(answer.body).toMatchObject({ status: "queued", replayed_from: chain.at(-1) });
    expect(answer.headers.location).toBe(`/orchestrator/tasks/${task_id}`);
    const record = await untilEnded(shared.api, task_id);
    expect(record.replayed_from).toBe(chain.at(-1));
    chain.push(task_id);
  }
  expect(new Set(chain).size).toBe(4);
  expect((await readTask(shared.api, chain[0] ?? "")).replayed_from).toBeNull();
});

test.concurrent("a task that has not ended is not replayed, nor one that nobody knows", async () => {
  const droplet = shared.droplet("single");
  const running = { droplet_name: "single", path: droplet.route(["hang"]) };
  const waiting = { droplet_name: "single", path: "/", delay_ms: 60_000 };
  const ids = [await submitAsync(shared.api, running), await submitAsync(shared.api, waiting)];
  await droplet.untilRequests(1, ({ taskId }) => taskId === ids[0]?.task_id);
  for (const { task_id } of ids) {
    expect(fieldsRefused(await retry(task_id))).toEqual(["id"]);
  }
  expect(refusalOf(await retry("nobody"), 404).code).toBe("TASK_NOT_FOUND");
  await droplet.release();
});

test.concurrent("a success is replayed too, unless its payload was too large to be kept; what failed is always kept", async () => {
  const large = "x".repeat(70_000);
  const body = { droplet_name: "kept", method: "POST", path: "/" };
  const small = await submitAndWait(shared.api, { ...body, payload: "small" });
  const again = await retry(small.task_id, "?wait=true");
  expect(again.body).toMatchObject({ status: "success", response_body: { body: "small" } });

  const success = await submitAndWait(shared.api, { ...body, payload: large });
  const refusal = refusalOf(await retry(success.task_id), 400);
  expect(refusal.message).toContain("too large to be kept");

  let isBroken = true;
  const path = shared.droplet("kept").route(() => (isBroken ? 404 : 200));
  const failed = await failOnce("kept", { method: "POST", path, payload: large });
  isBroken = false;
  const healed = await retry(failed, "?wait=true");
  const { task_id } = healed.body as { task_id: string };
  expect(shared.droplet("kept").callsOf(task_id)[0]?.json).toBe(large);
});

test.concurrent("a bulk replay takes what its status and droplet match, and a dry run only counts it", async () => {
  const droplet = shared.droplet("Filtered");
  let isBroken = true;
  droplet.on("/fails", () => (isBroken ? 404 : 200));
  droplet.on("/slow", () => (isBroken ? "hang" : 200));
  const failed = [
    await failOnce("filtered"),
    await failOnce("filtered"),
    await failOnce("filtered"),
  ];
  const timedOut = await failOnce("filtered", { path: "/slow", timeout_ms: 300 });
  await submitAndWait(shared.api, { droplet_name: "filtered", path: "/" });
  const delayed = { droplet_name: "filtered", path: "/", delay_ms: 60_000 };
  const { task_id: cancelled } = await submitAsync(shared.api, delayed);
  await send(shared.api, `/orchestrator/tasks/${cancelled}`, { method: "DELETE" });
  isBroken = false;

  const counts: [filter: TaskBody, matched: number][] = [
    // Without a status: whatever failed.
    [{ droplet_name: "FILTERED" }, 4],
    [{ droplet_name: "filtered", status: "error" }, 3],
    [{ droplet_name: "filtered", status: "timeout" }, 1],
    [{ droplet_name: "filtered", status: "success" }, 1],
    [{ droplet_name: "filtered", status: "cancelled" }, 1],
    [{ droplet_name: "unmatched" }, 0],
  ];
  for (const [filter, matched] of counts) {
    const answer = await retryAll({ ...filter, dry_run: true });
    expect([answer.status, answer.body]).toMatchObject([200, { dry_run: true, matched }]);
  }
  const before = droplet.requests.length;
  const answer = await retryAll({ droplet_name: "filtered", status: "error" });
  expect(answer.status).toBe(202);
  const { task_ids, ...numbers } = answer.body as { task_ids: string[] };
  expect(numbers).toMatchObject({ dry_run: false, matched: 3, replayed: 3, skipped: 0 });
  const records = await Promise.all(task_ids.map(async (id) => await untilEnded(shared.api, id)));
  // Oldest first, each from its own.
  expect(records.map(({ replayed_from }) => replayed_from)).toEqual(failed);
  expect(records.map(({ status }) => status)).toEqual(["success", "success", "success"]);
  expect(droplet.requests.length - before).toBe(3);
  expect(droplet.callsOf(timedOut)).toHaveLength(1);
});

test.concurrent("since and until bound a bulk replay by the time of creation, ends included", async () => {
  shared.droplet("times").on("/fails", [404]);
  const created: number[] = [];
  for (let n = 0; n < 4; n++) {
    const { created_at } = await readTask(shared.api, await failOnce("times"));
    created.push(created_at);
    await waitFor("the clock to move on", () => Date.now() / 1000 > created_at + 0.005);
  }
  const [first = 0, second = 0, third = 0, last = 0] = created;
  const counts: [filter: TaskBody, matched: number][] = [
    [{ since: second }, 3],
    [{ until: second }, 2],
    [{ since: second, until: third }, 2],
    [{ since: first, until: last }, 4],
    [{ since: last + 0.001 }, 0],
    [{ until: first - 0.001 }, 0],
    [{ since: third, until: second }, 0],
  ];
  for (const [filter, matched] of counts) {
    const { body } = await retryAll({ droplet_name: "times", ...filter, dry_run: true });
    expect([filter, body]).toMatchObject([filter, { dry_run: true, matched }]);
  }
});

test.concurrent.for([
  ["nothing", {}],
  ["only dry_run", { dry_run: true }],
  ["only what we do not know", { droplet: "single" }],
  ["no body", undefined],
] as [string, unknown][])(
  "a filter with %s would be everything, and is refused",
  async ([, filter], { expect: the }) => {
    the(fieldsRefused(await retryAll(filter))).toEqual([""]);
  },
);

test.concurrent.for([
  ["status", { status: "queued" }],
  ["status", { status: "failed" }],
  ["droplet_name", { droplet_name: "" }],
  ["droplet_name", { droplet_name: 7 }],
  ["since", { since: "yesterday" }],
  ["since", { since: null }],
  ["since", { since: "" }],
  ["since", { since: [] }],
  ["since", { since: true }],
  ["until", { until: -1 }],
  ["until", { until: null }],
  ["dry_run", { status: "error", dry_run: "yes" }],
] as [string, TaskBody][])(
  "a filter whose %s is wrong is refused by name: %j",
  async ([field, filter], { expect: the }) => {
    the(fieldsRefused(await retryAll({ dry_run: true, ...filter }))).toEqual([field]);
  },
);

test.concurrent("a bulk replay is ramped: slow at first, so that what just came back stays up", async () => {
  const droplet = shared.droplet("ramped");
  const tasks = Array.from({ length: 18 }, () => ({
    droplet_name: "ramped",
    path: "/fails",
    meta: { requested_by: "ramp" },
  }));
  droplet.on("/fails", [404]);
  await send(shared.api, "/orchestrator/tasks/batch", { method: "POST", json: { tasks } });
  await droplet.untilRequests(18);
  await waitFor("all to have failed", async () => {
    const { body } = await retryAll({ droplet_name: "ramped", dry_run: true });
    return (body as { matched: number }).matched === 18;
  });
  const startedAt = Date.now();
  const { body } = await retryAll({ droplet_name: "ramped", status: "error" });
  expect(body).toMatchObject({ matched: 18, replayed: 18 });
  const calls = (await droplet.untilRequests(36, undefined, { timeoutMs: 25_000 })).slice(18);
  const startedWithin = (ms: number): number =>
    calls.filter(({ arrivedAt }) => arrivedAt - startedAt < ms).length;
  // Five in the first second, eight in the next, then the other five; late ones only make it slower.
  expect(startedWithin(950)).toBeLessThanOrEqual(5);
  expect(startedWithin(1950)).toBeLessThanOrEqual(13);

  // And within a second one after another.
  expect(startedWithin(350)).toBeLessThanOrEqual(2);
});
