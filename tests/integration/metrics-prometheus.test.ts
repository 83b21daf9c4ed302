import { expect, test } from "vitest";
import { submit, submitAndWait, submitAsync } from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { hasPromtool, runPromtool } from "../support/promtool.ts";
import { readMetrics, scrape, valueOf } from "../support/read-metrics.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

test.skipIf(!hasPromtool)(
  "promtool finds nothing to complain about in what api and worker expose (needs promtool)",
  async () => {
    await using droplet = await startDroplet("echo", [503, 200]);
    await using orchestrator = await startOrchestrator({ droplets: [droplet] });
    const { api, worker } = orchestrator;
    await submitAndWait(api, { droplet_name: "echo", path: "/" });
    for (const process of [api, worker]) {
      const text = await scrape(process);
      expect(valueOf(text, "orchestrator_build_info")).toBe(1);
      expect(await runPromtool(["check", "metrics"], text)).toEqual({ code: 0, output: "" });
    }
  },
);

test("the sums over all processes are the numbers of the JSON", { timeout: 60_000 }, async () => {
  await using fine = await startDroplet("Fine");
  await using shaky = await startDroplet("shaky", [429, 200, 404, 429]);
  await using orchestrator = await startOrchestrator({
    droplets: [fine, shaky],
    apis: 2,
    workers: 2,
  });
  const [one, two] = orchestrator.apis;
  if (!one || !two) throw new Error("two were started");
  await submitAndWait(one, { droplet_name: "shaky", path: "/" });
  await submitAndWait(two, { droplet_name: "shaky", path: "/" });
  await submitAndWait(two, { droplet_name: "shaky", path: "/", max_retries: 1 });
  const tasks = Array.from({ length: 40 }, async (_, n) => {
    await submitAndWait(n % 2 ? one : two, { droplet_name: n % 3 ? "fine" : "FINE", path: "/" });
  });
  await Promise.all(tasks);
  const cancelled = await submitAsync(one, { droplet_name: "fine", path: "/", delay_ms: 60_000 });
  await send(two, `/tasks/${cancelled.task_id}`, { method: "DELETE" });
  await submitAsync(one, { droplet_name: "fine", path: "/", delay_ms: 60_000 });
  const json = await waitFor("all ends to be counted", async () => {
    const read = await readMetrics(one);
    return read.tasks.running === 0 && read.tasks.cancelled === 1 && read;
  });

  const scraped = await Promise.all(
    [...orchestrator.apis, ...orchestrator.workers].map(async (process) => await scrape(process)),
  );
  const sum = (name: string, labels: Record<string, string> = {}): number =>
    scraped.reduce((total, text) => total + valueOf(text, name, labels), 0);
  expect(sum("orchestrator_tasks_accepted_total")).toBe(json.tasks.total);
  for (const status of ["success", "error", "timeout", "cancelled"] as const) {
    expect(sum("orchestrator_tasks_total", { status })).toBe(json.tasks[status]);
  }
  expect(sum("orchestrator_tasks_accepted_total", { droplet: "fine" })).toBe(42);
  expect(sum("orchestrator_tasks_total", { droplet: "fine", status: "success" })).toBe(40);
  expect(sum("orchestrator_task_duration_seconds_count", { status: "success" })).toBe(41);
  expect(sum("orchestrator_tasks_failed_after_retry_total", { droplet: "shaky" })).toBe(1);
  expect(sum("orchestrator_retries_total", { droplet: "shaky" })).toBe(2);
  const attempts = { droplet: "shaky", outcome: "responded" };
  expect(sum("orchestrator_attempts_total", { ...attempts, status: "4xx" })).toBe(4);
  expect(sum("orchestrator_attempts_total", { ...attempts, status: "2xx" })).toBe(1);
  expect(sum("orchestrator_attempt_duration_seconds_count", { droplet: "shaky" })).toBe(5);
  expect(sum("orchestrator_queue_wait_seconds_count", { priority: "normal" })).toBe(43);
});

test("depth and oldest age per queue tell what waits, in every process", async () => {
  await using stuck = await startDroplet("stuck", ["hang"]);
  await using idle = await startDroplet("idle");
  await using orchestrator = await startOrchestrator({
    droplets: [stuck, idle],
    workerEnv: { DROPLET_CONCURRENCY: "1" },
  });
  const { api, worker } = orchestrator;
  const to = { droplet_name: "stuck", path: "/" };
  const startedAt = Date.now();
  await submitAsync(api, to);
  await stuck.untilHanging(1);
  await submitAsync(api, { ...to, priority: "low" });
  await submitAsync(api, { ...to, priority: "high" });
  await submitAsync(api, { ...to, delay_ms: 60_000 });

  for (const process of [api, worker]) {
    const text = await waitFor("the queue to be seen", async () => {
      const read = await scrape(process);
      return valueOf(read, "orchestrator_queue_tasks", { state: "waiting" }) === 2 && read;
    });
    const depth = (droplet: string, state: string): number =>
      valueOf(text, "orchestrator_queue_tasks", { droplet, state });
    expect([depth("stuck", "active"), depth("stuck", "delayed")]).toEqual([1, 1]);
    expect(depth("idle", "waiting")).toBe(0);
    expect(text).toContain('orchestrator_queue_tasks{droplet="idle",state="waiting"');
    // The low one waits longest; the delayed one does not wait yet.
    const age = valueOf(text, "orchestrator_queue_oldest_age_seconds", { droplet: "stuck" });
    expect(age).toBeGreaterThan(0);
    expect(age).toBeLessThanOrEqual((Date.now() - startedAt) / 1000);
    expect(valueOf(text, "orchestrator_workers")).toBe(1);
    expect(valueOf(text, "orchestrator_registry_list_status", { status: "active" })).toBe(1);
  }
  await stuck.release(200);
});

test("callers who wait and requests are counted by kind, never by path or id", async () => {
  await using droplet = await startDroplet("echo", ["hang"]);
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const { api, worker } = orchestrator;
  const waiting = submitAndWait(api, { droplet_name: "echo", path: "/secret-path?token=hush" });
  await droplet.untilHanging(1);
  expect(valueOf(await scrape(api), "orchestrator_waiters")).toBe(1);
  await droplet.release(200);
  const { task_id: id } = await waiting;
  await send(api, `/orchestrator/tasks/${id}`);
  await send(api, `/tasks/${id}`);
  await send(api, "/tasks/no-such-task");
  await submit(api, { droplet_name: "no-such-droplet", path: "/" });
  await send(api, "/wp-login.php");
  await send(api, "/orchestrator/.env");

  const text = await scrape(api);
  const requests = (route: string, status: string): number =>
    valueOf(text, "orchestrator_http_requests_total", { route, status });
  expect(valueOf(text, "orchestrator_waiters")).toBe(0);
  expect([requests("tasks", "2xx"), requests("tasks", "4xx")]).toEqual([3, 2]);
  expect(requests("other", "4xx")).toBe(2);
  expect(requests("metrics", "2xx")).toBe(1);
  for (const exposed of [text, await scrape(worker)]) {
    expect(exposed).not.toMatch(/secret-path|hush|no-such|wp-login|\.env/);
    expect(exposed).not.toContain(id);
  }
});

test("a scrape is answered while Redis hangs, and says so", async () => {
  await using redis = await startPrivateRedis();
  await using orchestrator = await startOrchestrator({ redisUrl: redis.url });
  const both = [orchestrator.api, orchestrator.worker];
  for (const process of both)
    expect(valueOf(await scrape(process), "orchestrator_redis_up")).toBe(1);
  await redis.freeze();
  for (const process of both) {
    await waitFor("the silence to be noticed", async () => {
      const startedAt = performance.now();
      const text = await scrape(process);
      expect(performance.now() - startedAt).toBeLessThan(2500);
      return text.includes("orchestrator_redis_up") && valueOf(text, "orchestrator_redis_up") === 0;
    });
  }
  await redis.thaw();
  for (const process of both) {
    await waitFor("Redis to be back", async () => {
      return valueOf(await scrape(process), "orchestrator_redis_up") === 1;
    });
  }
});
