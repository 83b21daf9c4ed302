import { describe, expect, test, vi } from "vitest";
import {
  fieldsRefused,
  listTasks,
  readTask,
  refusalOf,
  submitAsync,
  untilEnded,
} from "../support/api-client.ts";
import { onRedis } from "../support/redis-commands.ts";
import { send, type Answer } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const shared = shareOrchestrator({
  droplets: ["one", "two", "many", "explained", "untouched"],
  env: { TASK_TIMEOUT: "12", TASK_MAX_RETRIES: "2", DROPLET_CONCURRENCY: "20" },
});

vi.setConfig({ testTimeout: 90_000 });

interface BatchAnswer {
  results: { task_id?: string; status?: string; warnings?: string[]; error?: { code: string } }[];
  accepted: number;
  refused: number;
}

/** Sent again while a busy machine makes the API too late to take anything. */
async function batch(body: unknown): Promise<Answer> {
  return await waitFor("a batch to be taken", async () => {
    const path = "/orchestrator/tasks/batch";
    const answer = await send(shared.api, path, { method: "POST", json: body });
    return !answer.text.includes('"OVERLOADED"') && answer;
  });
}

async function explain(task: unknown, query = "dry_run=true"): Promise<Answer> {
  const path = `/orchestrator/tasks?${query}`;
  return await send(shared.api, path, { method: "POST", json: task });
}

describe("POST /tasks/batch", () => {
  test.concurrent("answers 202 for each in order: those that are taken run, those that are refused say why", async () => {
    const answer = await batch({
      tasks: [
        { droplet_name: "one", path: "/first", payload: 1 },
        { droplet_name: "nobody", path: "/" },
        { droplet_name: "TWO", path: "/second", payload: 2, extra: true },
        { droplet_name: "one", path: "/a b" },
        "not a task",
        null,
        { droplet_name: "one", path: "/", delay_ms: 5, deadline_ms: 5 },
        { droplet_name: "one", path: "/third", payload: 3, priority: "low" },
      ],
    });
    expect(answer.status).toBe(202);
    const { results, accepted, refused } = answer.body as BatchAnswer;
    expect({ accepted, refused }).toEqual({ accepted: 3, refused: 5 });
    expect(results).toMatchObject([
      { task_id: expect.any(String), status: "queued" },
      { error: { code: "DROPLET_NOT_FOUND", details: { requested_droplet: "nobody" } } },
      { task_id: expect.any(String), warnings: ["unknown field ignored: extra"] },
      { error: { code: "INVALID_REQUEST", details: { issues: [{ path: "path" }] } } },
      { error: { code: "INVALID_REQUEST" } },
      { error: { code: "INVALID_REQUEST" } },
      { error: { details: { issues: [{ path: "delay_ms" }] } } },
      { task_id: expect.any(String), status: "queued" },
    ]);
    const records = await Promise.all(
      [0, 2, 7].map(async (n) => await untilEnded(shared.api, results[n]?.task_id ?? "")),
    );
    expect(records.map(({ path, status }) => [path, status])).toEqual([
      ["/first", "success"],
      ["/second", "success"],
      ["/third", "success"],
    ]);
    expect(new Set(records.map(({ trace_id }) => trace_id))).toEqual(
      new Set([answer.headers["x-trace-id"]]),
    );
  });

  test.concurrent("takes 1,000 at once without waiting for any, and every one of them runs once", async () => {
    const droplet = shared.droplet("many");
    const tasks = Array.from({ length: 1000 }, (_, n) => ({
      droplet_name: "many",
      path: `/${n}`,
      meta: { requested_by: "batch-of-1000" },
    }));
    const answer = await batch({ tasks });
    expect(answer.status).toBe(202);
    const { results, accepted, refused } = answer.body as BatchAnswer;
    expect({ accepted, refused }).toEqual({ accepted: 1000, refused: 0 });
    expect(new Set(results.map(({ task_id }) => task_id)).size).toBe(1000);
    await droplet.untilRequests(1000, undefined, { timeoutMs: 60_000, everyMs: 200 });
    const page = await waitFor("all to be listed as done", async () => {
      const found = await listTasks(shared.api, {
        droplet_name: "many",
        status: "success",
        limit: 1,
      });
      return found.total === 1000 && found;
    });
    expect(page.tasks[0]?.status).toBe("success");
    expect(new Set(droplet.requests.map(({ path }) => path)).size).toBe(1000);
    expect(droplet.requests).toHaveLength(1000);
  });

  test.concurrent.for([
    ["1,001 tasks", { tasks: Array.from({ length: 1001 }, () => ({})) }, "tasks"],
    ["no task", { tasks: [] }, "tasks"],
    ["no list", { tasks: { 0: {} } }, "tasks"],
    ["nothing", {}, "tasks"],
    ["a bare list", [{ droplet_name: "one", path: "/" }], ""],
  ] as [string, unknown, string][])(
    "refuses %s whole",
    async ([, body, field], { expect: the }) => {
      the(fieldsRefused(await batch(body))).toEqual([field]);
    },
  );

  test.concurrent("knows only POST", async () => {
    for (const path of ["/orchestrator/tasks/batch", "/orchestrator/tasks/retry"]) {
      const answer = await send(shared.api, path);
      expect(refusalOf(answer, 405).code).toBe("METHOD_NOT_ALLOWED");
      expect(answer.headers.allow).toBe("POST");
    }
  });
});

describe("POST /tasks?dry_run=true", () => {
  test.concurrent("tells how a task would be treated, and where each setting comes from", async () => {
    const answer = await explain({
      droplet_name: "EXPLAINED",
      path: "where?to=here",
      method: "PUT",
      timeout_ms: 6000,
      max_retries: 4,
      priority: "normal",
      unheard_of: 1,
    });
    expect(answer.status).toBe(200);
    const { url } = shared.droplet("explained");
    expect(answer.body).toMatchObject({
      dry_run: true,
      droplet_name: "explained",
      method: "PUT",
      target_url: `${url}/where?to=here`,
      list: { age_seconds: expect.any(Number), cache_status: "active", served_from: "registry" },
      retry_schedule_ms: [1000, 2000, 4000, 8000],
      queue: { waiting: 0, delayed: 0, active: 0, paused: false },
      expected_wait_ms: 0,
      circuit: { state: "closed" },
      warnings: ["unknown field ignored: unheard_of"],
      settings: {
        timeout_ms: { value: 6000, source: "request" },
        attempt_timeout_ms: { value: 2000, source: "default" },
        max_retries: { value: 4, source: "request" },
        deadline_ms: { value: null, source: "default" },
        delay_ms: { value: 0, source: "default" },
        // Asked for, though it is the default as well.
        priority: { value: "normal", source: "request" },
        delivery: { value: "at_least_once", source: "default" },
        when_open: { value: "queue", source: "default" },
      },
    });
  });

  test.concurrent("names configuration as the source where it is", async () => {
    const { body } = await explain({ droplet_name: "explained", path: "/", method: "POST" });
    expect(body).toMatchObject({
      settings: {
        timeout_ms: { value: 12_000, source: "configuration" },
        attempt_timeout_ms: { value: 12_000, source: "default" },
        max_retries: { value: 2, source: "configuration" },
      },
      retry_schedule_ms: [1000, 2000],
    });
  });

  test.concurrent("shows what waits in the queue", async () => {
    const delayed = { droplet_name: "two", path: "/", delay_ms: 60_000 };
    await submitAsync(shared.api, delayed);
    await waitFor("it to be counted", async () => {
      const { body } = await explain({ droplet_name: "two", path: "/" });
      expect(body).toMatchObject({ queue: { delayed: 1 } });
      return true;
    });
  });

  test.concurrent("refuses what a submission refuses", async () => {
    expect(fieldsRefused(await explain({ droplet_name: "explained" }))).toEqual(["path"]);
    const unknown = await explain({ droplet_name: "nobody", path: "/" });
    expect(refusalOf(unknown, 400).code).toBe("DROPLET_NOT_FOUND");
    const task = { droplet_name: "explained", path: "/" };
    expect(fieldsRefused(await explain(task, "dry_run=maybe"))).toEqual(["dry_run"]);
  });

  test.concurrent("makes nothing: no task, no call, no claim", async () => {
    const task = { droplet_name: "untouched", path: "/", meta: { requested_by: "dry-runner" } };
    for (let n = 0; n < 3; n++) {
      const answer = await send(shared.api, "/orchestrator/tasks?dry_run=true&wait=5", {
        method: "POST",
        json: task,
        headers: { "idempotency-key": "dry" },
      });
      expect(answer.body).toMatchObject({ dry_run: true });
      expect(answer.body).not.toHaveProperty("task_id");
    }
    const { keyPrefix, redisUrl } = shared.orchestrator;
    const keys = await onRedis(redisUrl, async (redis) => [
      ...(await redis.keys(`${keyPrefix}:claim:*`)),
      ...(await redis.keys(`${keyPrefix}:{d-untouched}:[0-9a-f]*`)),
    ]);
    expect(keys).toEqual([]);
    expect((await listTasks(shared.api, { requested_by: "dry-runner" })).total).toBe(0);
    expect(shared.droplet("untouched").requests).toEqual([]);
    const { task_id } = await submitAsync(shared.api, task);
    expect((await readTask(shared.api, task_id)).task_id).toBe(task_id);
  });
});
