import { expect, test } from "vitest";
import {
  listTasks,
  readTask,
  refusalOf,
  submit,
  submitAndWait,
  submitAsync,
  untilEnded,
} from "../support/api-client.ts";
import { send, type Answer } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import type { Service } from "../support/service.ts";
import { waitFor } from "../support/wait-for.ts";

/** Each of the two workers runs one task of a droplet at a time. */
const shared = shareOrchestrator({
  droplets: ["queued", "delayed", "running", "flaky", "waited", "ended", "crowd", "keyed"],
  apis: 2,
  workers: 2,
  env: { DROPLET_CONCURRENCY: "1" },
});

const CANCELLED = { status: "cancelled", error: { code: "CANCELLED" } };

/** Far less than any of them would take or wait, and enough on a machine that is busy with other tests. */
const TOLD_WITHIN_MS = 5000;

function api(n: number): Service {
  return shared.orchestrator.apis[n % 2] ?? shared.api;
}

async function cancel(id: string, through = shared.api): Promise<Answer> {
  return await send(through, `/orchestrator/tasks/${id}`, { method: "DELETE" });
}

/** Tasks that keep both workers busy with this droplet. */
async function occupyBoth(name: string): Promise<string[]> {
  const droplet = shared.droplet(name);
  const body = { droplet_name: name, path: droplet.route(["hang"]) };
  const ids = [await submitAsync(api(0), body), await submitAsync(api(1), body)];
  await droplet.untilHanging(2);
  return ids.map(({ task_id }) => task_id);
}

test.concurrent("a queued task is cancelled at once and never called", async () => {
  const droplet = shared.droplet("queued");
  await occupyBoth("queued");
  const { task_id } = await submitAsync(api(0), { droplet_name: "queued", path: "/" });
  const answer = await cancel(task_id, api(1));
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    ...CANCELLED,
    task_id,
    attempts: [],
    duration_ms: 0,
    response_status: null,
  });
  expect(await readTask(api(0), task_id)).toEqual(answer.body);
  await droplet.release();
  await submitAndWait(api(0), { droplet_name: "queued", path: "/after" });
  expect(droplet.callsOf(task_id)).toEqual([]);
});

test.concurrent("a delayed task is cancelled at once and never called", async () => {
  const body = { droplet_name: "delayed", path: "/", delay_ms: 2000 };
  const { task_id } = await submitAsync(api(0), body);
  const other = await submitAsync(api(0), { ...body, delay_ms: 2200 });
  const answer = await cancel(task_id, api(1));
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ ...CANCELLED, started_at: null });
  await untilEnded(api(0), other.task_id);
  expect(shared.droplet("delayed").callsOf(task_id)).toEqual([]);
});

test.concurrent("running tasks are aborted in whichever worker, through whichever API, and not tried again", async () => {
  const droplet = shared.droplet("running");
  const ids = await occupyBoth("running");
  const runners = shared.orchestrator.workers.map(
    ({ logs }) => logs.filter(({ event }) => event === "attempt.finished").length,
  );
  const askedAt = Date.now();
  const answers = await Promise.all(ids.map(async (id, n) => await cancel(id, api(n + 1))));
  expect(answers.map(({ status }) => status)).toEqual([202, 202]);
  for (const id of ids) {
    const record = await untilEnded(api(0), id);
    expect(record).toMatchObject({ ...CANCELLED, retry_count: 0, response_status: null });
    expect(record.attempts).toMatchObject([{ outcome: "sent_no_response", retry_in_ms: null }]);
    const [call, ...more] = droplet.callsOf(id);
    expect(more).toEqual([]);
    // The socket is closed: the droplet can stop working on it.
    await waitFor("the droplet to see it", () => call?.wasAbandoned);
    expect((call?.endedAt ?? 0) - askedAt).toBeLessThan(TOLD_WITHIN_MS);
  }
  const both = shared.orchestrator.workers.map(({ logs }, n) =>
    logs
      .filter(({ event }) => event === "attempt.finished")
      .slice(runners[n])
      .filter(({ task_id }) => ids.includes(task_id ?? "")),
  );
  expect(both.map((lines) => lines.length)).toEqual([1, 1]);
  // The workers go on.
  const after = await submitAndWait(api(0), { droplet_name: "running", path: "/after" });
  expect(after.status).toBe("success");
});

test.concurrent("a task between two attempts is cancelled at once and not tried again", async () => {
  const droplet = shared.droplet("flaky");
  const { task_id } = await submitAsync(api(0), {
    droplet_name: "flaky",
    path: droplet.route([{ status: 503, json: "not now" }, 200]),
  });
  await waitFor("its retry to be planned", async () => {
    const { next_attempt_at, status } = await readTask(api(0), task_id);
    return status === "queued" && next_attempt_at !== null;
  });
  const answer = await cancel(task_id, api(1));
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    ...CANCELLED,
    retry_count: 0,
    next_attempt_at: null,
    response_status: 503,
    response_body: "not now",
  });
  const cancelledAt = Date.now();
  await waitFor("the time of its retry to pass", () => Date.now() > cancelledAt + 1500);
  expect(droplet.callsOf(task_id)).toHaveLength(1);
  expect(await readTask(api(0), task_id)).toMatchObject(CANCELLED);
});

test.concurrent("waiters of a cancelled task are answered at once, the submitter and pollers of both processes", async () => {
  const droplet = shared.droplet("waited");
  await occupyBoth("waited");
  const meta = { requested_by: "the-waited-one" };
  const body = { droplet_name: "waited", path: "/", meta };
  const submitting = submitAndWait(api(0), body);
  const found = await waitFor("it to be listed", async () => {
    return (await listTasks(api(1), { requested_by: meta.requested_by })).tasks[0];
  });
  const polling = [0, 1].map(async (n) => await readTask(api(n), found.id, { wait: 20 }));
  await cancel(found.id, api(1));
  const cancelledAt = Date.now();
  for (const told of await Promise.all([submitting, ...polling])) {
    expect(told).toMatchObject(CANCELLED);
  }
  expect(Date.now() - cancelledAt).toBeLessThan(TOLD_WITHIN_MS);
  await droplet.release();
});

test.concurrent("a task that has ended is not cancelled: 409, also the second time, and its record stays", async () => {
  const done = await submitAndWait(api(0), { droplet_name: "ended", path: "/" });
  const refusal = refusalOf(await cancel(done.task_id), 409);
  expect(refusal).toMatchObject({ code: "TASK_FINISHED", details: { task_id: done.task_id } });
  expect((await readTask(api(0), done.task_id)).status).toBe("success");

  const delayed = { droplet_name: "ended", path: "/", delay_ms: 60_000 };
  const { task_id } = await submitAsync(api(0), delayed);
  const answers = await Promise.all([cancel(task_id, api(0)), cancel(task_id, api(1))]);
  // The one that came second may have come while the first was at work.
  for (const { status } of answers) expect([200, 409]).toContain(status);
  expect(answers.map(({ status }) => status)).toContain(200);
  expect(refusalOf(await cancel(task_id), 409).details).toMatchObject({ status: "cancelled" });
});

test.concurrent.for(["550e8400-e29b-41d4-a716-446655440000", "nothing", "%00", "a%2Fb"])(
  "cancelling %s, which nobody knows, is 404",
  async (id, { expect: the }) => {
    the(refusalOf(await cancel(id), 404).code).toBe("TASK_NOT_FOUND");
  },
);

test.concurrent("a cancelled task is replayed as cancelled to its key", async () => {
  const body = { droplet_name: "keyed", path: "/", delay_ms: 60_000 };
  const headers = { "idempotency-key": "cancel-me" };
  const { task_id } = await submitAsync(api(0), body, { headers });
  await cancel(task_id);
  const again = await submit(api(1), body, { headers });
  expect(again.status).toBe(200);
  expect(again.headers["idempotency-replayed"]).toBe("true");
  expect(again.body).toMatchObject({ ...CANCELLED, task_id, duration_ms: 0 });
});

test.concurrent("cancelled at any moment of its life a task ends once, and the record agrees with the answer", async () => {
  const droplet = shared.droplet("crowd");
  droplet.on("/", [{ afterMs: 40, json: "done" }]);
  const startedAt = Date.now();
  const tasks = await Promise.all(
    Array.from({ length: 30 }, async (_, n) => {
      const { task_id } = await submitAsync(api(n), { droplet_name: "crowd", path: "/" });
      await waitFor("its moment", () => Date.now() > startedAt + n * 20);
      return { id: task_id, answer: await cancel(task_id, api(n + 1)) };
    }),
  );
  for (const { id, answer } of tasks) {
    const record = await untilEnded(api(0), id);
    const calls = droplet.callsOf(id);
    if (answer.status === 200) expect(record).toMatchObject({ ...CANCELLED, attempts: [] });
    else if (answer.status === 202) expect(["cancelled", "success"]).toContain(record.status);
    else expect([answer.status, record.status]).toEqual([409, "success"]);
    expect(record.attempts.length).toBeLessThanOrEqual(1);
    // An attempt may be aborted before its request gets there; no call is without one.
    if (record.status === "success") expect(calls).toHaveLength(1);
    expect(calls.length).toBeLessThanOrEqual(record.attempts.length);
  }
});
