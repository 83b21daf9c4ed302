import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { refusalOf, submit, submitAndWait, submitAsync } from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { readMetrics, sumOfStates, type MetricsAnswer } from "../support/read-metrics.ts";
import { perTask, startDroplet } from "../support/scripted-droplet.ts";
import { entryOf, startRegistry } from "../support/scripted-registry.ts";
import { send } from "../support/send.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const TASKS_SHOWN = ["total", "success", "error", "timeout", "cancelled", "queued", "running"];

test("the metrics have the shape that monitors read, before anything happened", async () => {
  await using orchestrator = await startOrchestrator();
  const metrics = await waitFor("the first sync to be counted", async () => {
    const read = await readMetrics(orchestrator.api);
    return read.registry.syncs_total > 0 && read;
  });
  expect(metrics).toMatchObject({
    service: "orchestrator",
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    uptime_seconds: expect.any(Number),
    tasks: Object.fromEntries(TASKS_SHOWN.map((name) => [name, 0])),
    retry: { total_retries: 0, retry_success_count: 0, retry_final_fail_count: 0 },
  });
  expect(metrics.tasks).toMatchObject({
    success_rate_percent: 0,
    avg_response_time_ms: 0,
    p95_response_time_ms: 0,
    p99_response_time_ms: 0,
  });
});

test("tasks are told apart by how they ended, in all and per droplet", async () => {
  await using echo = await startDroplet("Echo", (request) => {
    if (request.path === "/retried") return request.nthOfTask === 1 ? 503 : 200;
    if (request.path === "/refused") return 404;
    if (request.path === "/broken") return 500;
    return request.path === "/slow" ? "hang" : { json: {}, afterMs: 30 };
  });
  await using other = await startDroplet("other");
  await using orchestrator = await startOrchestrator({ droplets: [echo, other] });
  const { api } = orchestrator;
  const to = { droplet_name: "echo" };
  await Promise.all([
    submitAndWait(api, { ...to, path: "/fine" }),
    submitAndWait(api, { ...to, path: "/retried" }),
    submitAndWait(api, { ...to, path: "/refused" }),
    submitAndWait(api, { ...to, path: "/broken", max_retries: 1 }),
    submitAndWait(api, { ...to, path: "/slow", timeout_ms: 300, max_retries: 0 }),
    submitAndWait(api, { droplet_name: "other", path: "/" }),
    submitAsync(api, { ...to, path: "/later", delay_ms: 60_000 }),
  ]);
  const cancelled = await submitAsync(api, { ...to, path: "/never", delay_ms: 60_000 });
  expect((await send(api, `/tasks/${cancelled.task_id}`, { method: "DELETE" })).status).toBe(200);

  const metrics = await waitFor("all ends to be counted", async () => {
    const read = await readMetrics(api);
    return read.tasks.running === 0 && read;
  });
  const ofEcho = {
    total: 7,
    success: 2,
    error: 2,
    timeout: 1,
    cancelled: 1,
    queued: 1,
    running: 0,
  };
  expect(metrics.tasks).toMatchObject({
    ...ofEcho,
    total: 8,
    success: 3,
    success_rate_percent: 50,
  });
  expect(metrics.retry).toEqual({
    total_retries: 2,
    retry_success_count: 1,
    retry_final_fail_count: 1,
  });
  // Under the name the list spells, although callers wrote it otherwise.
  expect(metrics.droplets["Echo"]).toMatchObject({
    ...ofEcho,
    success_rate_percent: 40,
    retries: 2,
  });
  expect(metrics.droplets["other"]).toMatchObject({ total: 1, success: 1, retries: 0 });

  // The retried ones waited a second; the others took 30 ms, or 300 ms until their time was up.
  expect(metrics.droplets["Echo"]?.p99_response_time_ms).toBeGreaterThanOrEqual(1000);
  expect(metrics.tasks.p95_response_time_ms).toBeLessThan(2500);
  expect(metrics.tasks.avg_response_time_ms).toBeGreaterThan(300);
  expect(metrics.tasks.avg_response_time_ms).toBeLessThan(metrics.tasks.p95_response_time_ms);
});

test(
  "while tasks run the total is always the sum, at the end the number submitted, also after every process restarted",
  { timeout: 90_000 },
  async () => {
    await using redis = await startPrivateRedis();
    await using droplet = await startDroplet("busy", perTask([429, { json: {}, afterMs: 5 }]));
    await using orchestrator = await startOrchestrator({
      redisUrl: redis.url,
      droplets: [droplet],
      apis: 2,
      workers: 2,
    });
    const count = 150;
    const samples: MetricsAnswer[] = [];
    const done = new AbortController();
    const sampling = (async () => {
      while (!done.signal.aborted) {
        samples.push(...(await Promise.all(orchestrator.apis.map(readMetrics))));
        await delay(20);
      }
    })();
    const submitting = Array.from({ length: 10 }, async (_, lane) => {
      const api = orchestrator.apis[lane % 2] ?? orchestrator.api;
      for (let n = 0; n < count / 10; n++) {
        await submitAsync(api, { droplet_name: "busy", path: "/", meta: { lane } });
      }
    });
    await Promise.all(submitting);
    const last = await waitFor(
      "all tasks to end",
      async () => {
        const read = await readMetrics(orchestrator.api);
        return read.tasks.success === count && read;
      },
      { timeoutMs: 40_000 },
    );
    done.abort();
    await sampling;

    expect(samples.length).toBeGreaterThan(20);
    let before = 0;
    for (const { tasks, droplets } of samples) {
      expect(tasks.total).toBe(sumOfStates(tasks));
      expect(droplets["busy"]?.total).toBe(tasks.total);
      expect(tasks.total).toBeLessThanOrEqual(count);
      before = Math.max(before, tasks.queued + tasks.running);
    }
    // Or there was nothing to get wrong.
    expect(before).toBeGreaterThan(10);
    expect(last.tasks).toMatchObject({ total: count, success: count, queued: 0, running: 0 });
    expect(last.retry).toMatchObject({ total_retries: count, retry_success_count: count });

    await restartAll(orchestrator);
    const after = await readMetrics(orchestrator.api);
    expect(after.tasks).toEqual(last.tasks);
    expect(after.retry).toEqual(last.retry);
    expect(after.registry.syncs_success).toBeGreaterThanOrEqual(last.registry.syncs_success);
  },
);

test("syncs with the Registry are counted, good and bad", async () => {
  await using registry = await startRegistry([entryOf({ name: "one", url: "http://127.0.0.1:9" })]);
  await using orchestrator = await startOrchestrator({ registry, workers: 2 });
  const good = await waitFor("a good sync", async () => {
    const { registry: read } = await readMetrics(orchestrator.api);
    return read.syncs_success > 0 && read;
  });
  expect(good).toMatchObject({ cache_status: "active", last_sync_duration_ms: expect.any(Number) });
  expect(Date.now() - Date.parse(good.last_sync ?? "")).toBeLessThan(20_000);
  registry.behave(500);
  const bad = await waitFor("bad syncs", async () => {
    const { registry: read } = await readMetrics(orchestrator.api);
    return read.syncs_error > 1 && read;
  });
  expect(bad.syncs_total).toBe(bad.syncs_success + bad.syncs_error);
  expect(bad.cache_status).toBe("active");
});

test("a droplet that does not answer is known, but not reachable", async () => {
  await using up = await startDroplet("up");
  await using down = await startDroplet("down");
  await using orchestrator = await startOrchestrator({ droplets: [up, down] });
  const { api } = orchestrator;
  // Nobody called them yet: the Registry's word counts. It is itself the third.
  expect(await readMetrics(api)).toMatchObject({ droplets_known: 3, droplets_reachable: 3 });
  await down.stop();
  await submitAndWait(api, { droplet_name: "down", path: "/", max_retries: 0 });
  await submitAndWait(api, { droplet_name: "up", path: "/" });
  await waitFor("the silence to be noticed", async () => {
    const { droplets_known: known, droplets_reachable: reachable } = await readMetrics(api);
    expect({ known, reachable }).toEqual({ known: 3, reachable: 2 });
    return true;
  });
});

test("while Redis is away the last numbers are shown, marked as stale; without any it is 503", async () => {
  await using redis = await startPrivateRedis();
  await using droplet = await startDroplet("echo");
  await using orchestrator = await startOrchestrator({
    redisUrl: redis.url,
    droplets: [droplet],
    apis: 2,
  });
  const [seen, unseen] = orchestrator.apis;
  if (!seen || !unseen) throw new Error("two were started");
  await submitAndWait(seen, { droplet_name: "echo", path: "/" });
  const before = await readMetrics(seen);
  expect(before.stale).toBe(false);

  await redis.freeze();
  // One that has never seen a number.
  await unseen.kill();
  await unseen.start();
  const [stale, refused] = await Promise.all([
    send(seen, "/orchestrator/metrics"),
    send(unseen, "/orchestrator/metrics"),
  ]);
  expect(stale.body).toMatchObject({ stale: true, tasks: { total: before.tasks.total } });
  expect(stale.tookMs).toBeLessThan(2500);
  expect(refusalOf(refused, 503).code).toBe("QUEUE_UNAVAILABLE");
  await redis.thaw();
  await waitFor("fresh numbers", async () => !(await readMetrics(seen)).stale);
});

test("JSON under the prefix; at the root the text of Prometheus for whoever prefers it", async () => {
  await using orchestrator = await startOrchestrator();
  const { api } = orchestrator;
  const typeOf = async (path: string, accept?: string) => {
    const answer = await send(api, path, { headers: accept === undefined ? {} : { accept } });
    return String(answer.headers["content-type"]).split(";")[0];
  };
  const prometheus =
    "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
  const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  expect(await typeOf("/metrics")).toBe("application/json");
  expect(await typeOf("/metrics", "*/*")).toBe("application/json");
  expect(await typeOf("/metrics", browser)).toBe("application/json");
  expect(await typeOf("/metrics", "application/json, text/plain, */*")).toBe("application/json");
  expect(await typeOf("/metrics", prometheus)).toBe("text/plain");
  expect(await typeOf("/metrics", "text/plain")).toBe("text/plain");
  expect(await typeOf("/orchestrator/metrics", prometheus)).toBe("application/json");
  expect((await submit(api, {})).status).toBe(400);
  expect((await send(api, "/metrics", { method: "POST" })).status).toBe(405);
});

async function restartAll({ apis, workers }: Orchestrator): Promise<void> {
  const all = [...apis, ...workers];
  await Promise.all(all.map(async (service) => await service.stop()));
  await Promise.all(all.map(async (service) => await service.start()));
  await Promise.all(all.map(async (service) => await service.untilReady()));
}
