import { expect, test } from "vitest";
import { submit, submitAndWait, submitAsync, untilEnded } from "../support/api-client.ts";
import { startCollector, type CollectedSpan } from "../support/otlp-collector.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CALLER_SPAN = "b7ad6b7169203331";

const SERVER = 2;
const CLIENT = 3;

test("a task's request, its wait in the queue and each attempt are spans of the caller's trace", async () => {
  await using collector = await startCollector();
  await using droplet = await startDroplet("Echo", [429, 200]);
  await using orchestrator = await startOrchestrator({
    droplets: [droplet],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` },
  });
  const { task_id: id } = await submitAndWait(
    orchestrator.api,
    { droplet_name: "echo", path: "/pay?token=hush" },
    { headers: { traceparent: `00-${TRACE}-${CALLER_SPAN}-01` } },
  );

  const spans = await collector.untilSpans(TRACE, 5);
  expect(spans).toHaveLength(5);
  const request = only(spans, ({ kind }) => kind === SERVER);
  expect(request).toMatchObject({
    service: "orchestrator-api",
    name: "POST /tasks",
    parentSpanId: CALLER_SPAN,
    isError: false,
    attributes: {
      "http.request.method": "POST",
      "http.response.status_code": 200,
      "orchestrator.task.id": id,
      "orchestrator.trace_id": TRACE,
    },
  });
  const [first, second] = inOrder(spans.filter(({ kind }) => kind === CLIENT));
  const attempt = {
    service: "orchestrator-worker",
    name: "GET Echo",
    parentSpanId: request.spanId,
  };
  expect(first).toMatchObject({
    ...attempt,
    isError: true,
    attributes: {
      "http.response.status_code": 429,
      "error.type": "429",
      "orchestrator.attempt": 1,
      "orchestrator.outcome": "responded",
      "url.full": `${droplet.url}/pay`,
      "server.port": droplet.port,
    },
  });
  expect(second).toMatchObject({
    ...attempt,
    isError: false,
    attributes: { "http.response.status_code": 200, "orchestrator.attempt": 2 },
  });

  const waits = inOrder(spans.filter(({ name }) => name === "queue wait"));
  expect(waits.map(({ parentSpanId }) => parentSpanId)).toEqual([request.spanId, request.spanId]);
  expect(waits.map(({ endMs }) => endMs)).toEqual([first?.startMs, second?.startMs]);
  // The second wait is the one before the retry.
  expect(waits[1]?.startMs).toBe(first?.endMs);
  expect(durationOf(waits[1])).toBeGreaterThanOrEqual(950);

  // What the droplet was told names the attempt's own span.
  const told = droplet.callsOf(id).map(({ headers }) => headers["traceparent"]);
  expect(told).toEqual([first, second].map((span) => `00-${TRACE}-${span?.spanId}-01`));
  expect(JSON.stringify(spans)).not.toContain("hush");
});

test("a trace that begins here has the id of the logs and records", async () => {
  await using collector = await startCollector();
  await using droplet = await startDroplet("echo");
  await using orchestrator = await startOrchestrator({
    droplets: [droplet],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  });
  const { api } = orchestrator;
  const { trace_id: made } = await submitAndWait(api, { droplet_name: "echo", path: "/" });
  const spans = await collector.untilSpans(made.replaceAll("-", ""), 3);
  expect(only(spans, ({ kind }) => kind === SERVER).parentSpanId).toBeUndefined();

  const { task_id: id } = await submitAsync(
    api,
    { droplet_name: "echo", path: "/", delay_ms: 300 },
    { headers: { "x-trace-id": "order-4711" } },
  );
  await untilEnded(api, id);
  const [, traceId = ""] = String(droplet.callsOf(id)[0]?.headers["traceparent"]).split("-");
  const later = await collector.untilSpans(traceId, 3);
  expect(later.map(({ attributes }) => attributes["orchestrator.trace_id"])).toEqual(
    later.map(() => "order-4711"),
  );
  // The delay that was asked for is no wait in the queue.
  expect(durationOf(only(later, ({ name }) => name === "queue wait"))).toBeLessThan(290);
});

test("probes are not traced, refusals are, and a caller who did not sample is followed", async () => {
  await using collector = await startCollector();
  await using droplet = await startDroplet("echo");
  await using orchestrator = await startOrchestrator({
    droplets: [droplet],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  });
  const { api } = orchestrator;
  const unsampled = "00000000000000000000000000000abc";
  const headers = { traceparent: `00-${unsampled}-${CALLER_SPAN}-00` };
  const { task_id: id } = await submitAndWait(
    api,
    { droplet_name: "echo", path: "/" },
    { headers },
  );
  await send(api, "/healthz/live");
  await send(api, "/orchestrator/health");
  await send(api, "/metrics");
  const refused = await submit(
    api,
    { droplet_name: "nobody", path: "/" },
    { headers: { traceparent: `00-${TRACE}-${CALLER_SPAN}-01` } },
  );
  expect(refused.status).toBe(400);

  const [span] = await collector.untilSpans(TRACE, 1);
  expect(span).toMatchObject({
    isError: false,
    attributes: { "http.response.status_code": 400, "http.route": "/tasks" },
  });
  const told = String(droplet.callsOf(id)[0]?.headers["traceparent"]);
  expect(told).toMatch(new RegExp(`^00-${unsampled}-[0-9a-f]{16}-00$`));
  const paths = collector.spans.map(({ attributes }) => String(attributes["url.path"]));
  expect(paths.filter((path) => /health|metrics/.test(path))).toEqual([]);
  expect(collector.spans.filter(({ traceId }) => traceId === unsampled)).toEqual([]);
});

test("a collector that is gone costs no task, and is logged", async () => {
  await using collector = await startCollector();
  await using droplet = await startDroplet("echo");
  await using orchestrator = await startOrchestrator({
    droplets: [droplet],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  });
  await collector.stop();
  const { api, worker } = orchestrator;
  expect(await submitAndWait(api, { droplet_name: "echo", path: "/" })).toMatchObject({
    status: "success",
  });
  await Promise.all([api.waitForLog("tracing.failed"), worker.waitForLog("tracing.failed")]);
  const { tookMs } = await api.stop();
  expect(tookMs).toBeLessThan(5000);
});

function only(spans: CollectedSpan[], fits: (span: CollectedSpan) => boolean): CollectedSpan {
  const [span, ...others] = spans.filter((one) => fits(one));
  if (span === undefined || others.length > 0) throw new Error(`${others.length} more than one`);
  return span;
}

function inOrder(spans: CollectedSpan[]): CollectedSpan[] {
  return spans.toSorted((a, b) => a.startMs - b.startMs);
}

function durationOf(span: CollectedSpan | undefined): number {
  return span === undefined ? Number.NaN : span.endMs - span.startMs;
}
