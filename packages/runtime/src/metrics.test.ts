import { expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";

test("metrics are told in Prometheus text with the service's label and the process's own metrics", async () => {
  const metrics = createMetrics({ service: "worker" });
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

test("two metrics sets in one process do not share anything", async () => {
  const configuration = { name: "orchestrator_syncs_total", help: "Syncs." } as const;
  createMetrics({ service: "api" }).counter(configuration).inc();
  const other = createMetrics({ service: "worker" });
  other.counter(configuration);
  expect((await other.text()).body).toContain('orchestrator_syncs_total{service="worker"} 0');
});
