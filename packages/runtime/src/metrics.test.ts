import { expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";

test("metrics are told in Prometheus text with the service's label and the process's own metrics", async () => {
  const metrics = createMetrics({ service: "worker", version: "1.2.3" });
  const tasks = metrics.counter({
    name: "orchestrator_tasks_total",
    help: "Tasks that ended.",
    labelNames: ["droplet", "status"],
  });
  tasks.inc({ droplet: "echo", status: "success" });
  metrics.gauge({ name: "orchestrator_waiters", help: "Callers held." }).set(3);
  metrics
    .histogram({ name: "orchestrator_attempt_duration_seconds", help: "Attempts.", buckets: [1] })
    .observe(0.5);

  const { contentType, body } = await metrics.text();
  expect(contentType).toContain("text/plain; version=0.0.4");
  expect(body).toContain(
    'orchestrator_tasks_total{droplet="echo",status="success",service="worker"} 1',
  );
  expect(body).toContain('orchestrator_waiters{service="worker"} 3');
  expect(body).toContain("orchestrator_attempt_duration_seconds_bucket");
  expect(body).toContain("process_cpu_seconds_total");
  expect(body).toContain("nodejs_eventloop_lag_p99_seconds");
});

test("the build is named, and no gauge is named like a counter", async () => {
  const { body } = await createMetrics({ service: "api", version: "1.2.3" }).text();
  expect(body).toContain('orchestrator_build_info{version="1.2.3",service="api"} 1');
  const gauges = Array.from(body.matchAll(/^# TYPE (\S+) gauge$/gm), ([, name]) => name);
  expect(gauges.length).toBeGreaterThan(10);
  expect(gauges.filter((name) => name?.endsWith("_total"))).toEqual([]);
});

test("a scrape waits for what is refreshed by it", async () => {
  const metrics = createMetrics({ service: "api", version: "1.2.3" });
  const waiters = metrics.gauge({ name: "orchestrator_waiters", help: "Callers held." });
  metrics.onScrape(async () => {
    await Promise.resolve();
    waiters.set(7);
  });
  expect((await metrics.text()).body).toContain('orchestrator_waiters{service="api"} 7');
});

test("two metrics sets in one process do not share anything", async () => {
  const configuration = { name: "orchestrator_syncs_total", help: "Syncs." } as const;
  createMetrics({ service: "api", version: "1.2.3" }).counter(configuration).inc();
  const other = createMetrics({ service: "worker", version: "1.2.3" });
  other.counter(configuration);
  expect((await other.text()).body).toContain('orchestrator_syncs_total{service="worker"} 0');
});
