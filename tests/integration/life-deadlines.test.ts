import { describe, expect, test, vi } from "vitest";
import {
  listTasks,
  readTask,
  submitAndWait,
  submitAsync,
  untilEnded,
} from "../support/api-client.ts";
import { perTask, startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

// Some start processes of their own, on a machine that may be busy with other tests.
vi.setConfig({ testTimeout: 90_000 });

/** The promise: past its deadline a task ends within 2 s, whoever has to see to it. */
const ENFORCED_WITHIN_S = 2;

const DEADLINE_EXCEEDED = { status: "timeout", error: { code: "DEADLINE_EXCEEDED" } };

const shared = shareOrchestrator({
  droplets: ["backlog", "delay", "hung", "failing", "timed", "limits", "parked"],
  env: { DROPLET_CONCURRENCY: "1" },
});

function expectEndedAt(
  record: { created_at: number; completed_at: number | null },
  deadlineMs: number,
): void {
  const tookS = (record.completed_at ?? 0) - record.created_at;
  expect(tookS).toBeGreaterThanOrEqual(deadlineMs / 1000 - 0.01);
  expect(tookS).toBeLessThan(deadlineMs / 1000 + ENFORCED_WITHIN_S);
}

/** Occupies the droplet, which takes one task at a time, until it is released. */
async function occupy(droplet: ScriptedDroplet): Promise<void> {
  const path = droplet.route(["hang"]);
  await submitAsync(shared.api, { droplet_name: droplet.name, path });
  await droplet.untilRequests(1, (request) => request.path === path);
}

describe("deadline_ms", () => {
  test.concurrent("ends a task that waits behind a backlog, tells its waiter, and it is never called", async () => {
    const droplet = shared.droplet("backlog");
    await occupy(droplet);
    const body = { droplet_name: "backlog", path: "/late", deadline_ms: 600 };
    const result = await submitAndWait(shared.api, body);
    expect(result).toMatchObject({ ...DEADLINE_EXCEEDED, duration_ms: 0, retry_count: 0 });
    const record = await readTask(shared.api, result.task_id);
    expectEndedAt(record, 600);
    expect(record).toMatchObject({ started_at: null, attempts: [] });
    await droplet.release();
    await submitAndWait(shared.api, { droplet_name: "backlog", path: "/after" });
    expect(droplet.callsOf(result.task_id)).toEqual([]);
  });

  test.concurrent("counts from acceptance, over the delay as well", async () => {
    const droplet = shared.droplet("delay");
    await occupy(droplet);
    const body = { droplet_name: "delay", path: "/", delay_ms: 500, deadline_ms: 900 };
    const record = await untilEnded(shared.api, (await submitAsync(shared.api, body)).task_id);
    expect(record).toMatchObject(DEADLINE_EXCEEDED);
    expectEndedAt(record, 900);
    await droplet.release();
    expect(droplet.callsOf(record.id)).toEqual([]);
  });

  test.concurrent("aborts the running attempt, closes its socket, and nothing is tried again", async () => {
    const droplet = shared.droplet("hung");
    const path = droplet.route(["hang"]);
    const body = { droplet_name: "hung", path, deadline_ms: 2500, timeout_ms: 20_000 };
    const result = await submitAndWait(shared.api, body);
    expect(result).toMatchObject(DEADLINE_EXCEEDED);
    const [call] = droplet.callsOf(result.task_id);
    expect(Number(call?.headers["x-request-deadline"])).toBeLessThanOrEqual(2500);
    await waitFor("the droplet to see it", () => call?.wasAbandoned);
    const record = await readTask(shared.api, result.task_id);
    expectEndedAt(record, 2500);
    expect(record.attempts).toMatchObject([{ outcome: "sent_no_response", retry_in_ms: null }]);
    expect((call?.endedAt ?? 0) / 1000 - record.created_at).toBeLessThan(2.5 + ENFORCED_WITHIN_S);
    expect(droplet.callsOf(result.task_id)).toHaveLength(1);
  });

  test.concurrent("ends a task at once when the next retry would miss it, keeping the last response", async () => {
    const retryLater = { status: 503, json: "busy", headers: { "retry-after": "8" } };
    const path = shared.droplet("failing").route([retryLater]);
    const body = { droplet_name: "failing", path, deadline_ms: 8000 };
    const result = await submitAndWait(shared.api, body);
    expect(result).toMatchObject({
      ...DEADLINE_EXCEEDED,
      response_status: 503,
      response_body: "busy",
      retry_count: 0,
    });
    expect(result.duration_ms).toBeLessThan(7000);
  });

  test.concurrent("ends a task in time although no worker lives, and the next worker does not call for it", async () => {
    await using droplet = await startDroplet("lonely");
    await using orchestrator = await startOrchestrator({ droplets: [droplet] });
    await orchestrator.worker.stop();
    const body = { droplet_name: "lonely", path: "/" };
    const [result, plain] = await Promise.all([
      submitAndWait(orchestrator.api, { ...body, deadline_ms: 700 }, { wait: 10 }),
      submitAsync(orchestrator.api, body),
    ]);
    expect(result).toMatchObject({ ...DEADLINE_EXCEEDED, duration_ms: 0 });
    expectEndedAt(await readTask(orchestrator.api, result.task_id), 700);
    const page = await listTasks(orchestrator.api, { status: "timeout", droplet_name: "lonely" });
    expect(page.tasks.map(({ id }) => id)).toEqual([result.task_id]);
    await orchestrator.worker.start();
    await untilEnded(orchestrator.api, plain.task_id);
    expect(droplet.callsOf(result.task_id)).toEqual([]);
  });

  test.concurrent("ends a task whose worker was killed while it ran, without waiting for another to find out", async () => {
    await using droplet = await startDroplet("orphan", ["hang"]);
    await using orchestrator = await startOrchestrator({ droplets: [droplet] });
    const body = { droplet_name: "orphan", path: "/", deadline_ms: 1500 };
    const waiting = submitAndWait(orchestrator.api, body, { wait: 10 });
    await droplet.untilHanging(1);
    await orchestrator.worker.kill();
    const result = await waiting;
    expect(result).toMatchObject(DEADLINE_EXCEEDED);
    const record = await readTask(orchestrator.api, result.task_id);
    expectEndedAt(record, 1500);
    expect(record.attempts).toMatchObject([{ number: 1, outcome: "sent_no_response" }]);
  });
});

describe("timeout_ms", () => {
  test.concurrent("covers the attempts and the waits between them, and cuts the last attempt to what is left", async () => {
    const droplet = shared.droplet("timed");
    const path = droplet.route(["hang"]);
    const body = { droplet_name: "timed", path, timeout_ms: 3500, attempt_timeout_ms: 1500 };
    const result = await submitAndWait(shared.api, body);
    expect(result).toMatchObject({ status: "timeout", error: { code: "TIMEOUT" }, retry_count: 1 });
    expect(result.duration_ms).toBeGreaterThanOrEqual(3450);
    const limits = droplet
      .callsOf(result.task_id)
      .map(({ headers }) => Number(headers["x-request-deadline"]));
    expect(limits[0]).toBe(1500);
    expect(limits[1]).toBeGreaterThan(0);
    expect(limits[1]).toBeLessThanOrEqual(1000);
  });

  test.concurrent("ends a task at once when the next retry would reach past it, keeping the last response", async () => {
    const retryLater = { status: 500, json: "broken", headers: { "retry-after": "8" } };
    const path = shared.droplet("failing").route([retryLater]);
    const body = { droplet_name: "failing", path, timeout_ms: 8000 };
    const result = await submitAndWait(shared.api, body);
    expect(result).toMatchObject({
      status: "timeout",
      error: { code: "TIMEOUT" },
      response_status: 500,
      response_body: "broken",
      retry_count: 0,
    });
    expect(result.duration_ms).toBeLessThan(7000);
  });

  test.concurrent("is not used up while a task waits behind others, before its first attempt and between two", async () => {
    const droplet = shared.droplet("parked");
    await occupy(droplet);
    const body = { droplet_name: "parked", path: droplet.route(perTask([503, 200])) };
    const { task_id } = await submitAsync(shared.api, { ...body, timeout_ms: 2500 });
    const { created_at } = await readTask(shared.api, task_id);
    await waitFor("more than timeout_ms to pass", () => Date.now() / 1000 > created_at + 2.6);
    await droplet.release();
    await droplet.untilRequests(1, ({ taskId }) => taskId === task_id);
    // Its retry falls due after 1 s and has to wait longer.
    await occupy(droplet);
    await waitFor("the retry to be overdue", async () => {
      const { next_attempt_at } = await readTask(shared.api, task_id);
      return next_attempt_at !== null && Date.now() / 1000 > next_attempt_at + 1.5;
    });
    await droplet.release();
    const record = await untilEnded(shared.api, task_id);
    expect(record).toMatchObject({ status: "success", retry_count: 1 });
    expect((record.completed_at ?? 0) - record.created_at).toBeGreaterThan(5);
  });
});

describe("attempt_timeout_ms", () => {
  test.concurrent.for([
    ["a third of timeout_ms for GET", { method: "GET", timeout_ms: 9000 }, 3000],
    ["a third of timeout_ms for PUT", { method: "PUT", timeout_ms: 9000 }, 3000],
    ["a third of timeout_ms for DELETE", { method: "DELETE", timeout_ms: 9000 }, 3000],
    ["all of timeout_ms for POST", { method: "POST", timeout_ms: 9000 }, 9000],
    ["all of timeout_ms for PATCH", { method: "PATCH", timeout_ms: 9000 }, 9000],
    ["a third of TASK_TIMEOUT when nothing is said", {}, 10_000],
    ["what was asked for", { timeout_ms: 9000, attempt_timeout_ms: 1234 }, 1234],
    ["never more than timeout_ms", { timeout_ms: 900, attempt_timeout_ms: 5000 }, 900],
    ["never more than the deadline leaves", { method: "POST", deadline_ms: 4000 }, 4000],
  ] as [string, Record<string, unknown>, number][])(
    "is %s",
    async ([, more, expected], { expect: the }) => {
      const droplet = shared.droplet("limits");
      const { task_id } = await submitAndWait(shared.api, {
        droplet_name: "limits",
        path: "/",
        ...more,
      });
      const limit = Number(droplet.callsOf(task_id)[0]?.headers["x-request-deadline"]);
      the(limit).toBeLessThanOrEqual(expected);
      // Only a deadline has begun to run before the attempt does.
      the(limit).toBeGreaterThan("deadline_ms" in more ? expected - 3000 : expected - 1);
    },
  );
});
