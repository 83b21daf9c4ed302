import { expect, test } from "vitest";
import { readTask, refusalOf, submit, submitAndWait } from "../support/api-client.ts";
import { perTask } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

const shared = shareOrchestrator({ droplets: ["tracer"] });
const task = { droplet_name: "tracer", path: "/" };

test.concurrent("a caller's trace id is in the answer, the record, the log of both processes and every call", async () => {
  const id = "order-2026:17_a.b";
  const path = shared.droplet("tracer").route(perTask([503, 200]));
  const headers = { "x-trace-id": id };
  const answer = await submit(shared.api, { ...task, path }, { headers });

  expect(answer.headers).toMatchObject({ "x-trace-id": id, "x-request-id": id });
  expect(answer.body).toMatchObject({ trace_id: id, status: "success" });
  const { task_id } = answer.body as { task_id: string };
  expect(await readTask(shared.api, task_id)).toMatchObject({ trace_id: id });

  const calls = shared.droplet("tracer").callsOf(task_id);
  expect(calls.map((call) => call.headers["x-trace-id"])).toEqual([id, id]);
  const [first, second] = calls.map((call) => String(call.headers["traceparent"]).split("-"));
  expect(second?.[1], "both attempts belong to one trace").toBe(first?.[1]);
  expect(second?.[2], "each attempt is a span of its own").not.toBe(first?.[2]);

  await shared.api.waitForLog((line) => line.trace_id === id && line.event === "request.finished");
  await shared.worker.waitForLog(
    (line) => line.trace_id === id && line.task_id === task_id && line["attempt"] === 2,
  );
});

test.concurrent("a caller's trace is continued: same trace, our own span, the caller's flags", async () => {
  const headers = { traceparent: `00-${TRACE}-${SPAN}-00`, "x-trace-id": "beaten-by-traceparent" };
  const { task_id, trace_id } = await submitAndWait(shared.api, task, { headers });

  expect(trace_id).toBe(TRACE);
  const [call] = shared.droplet("tracer").callsOf(task_id);
  expect(call?.headers["x-trace-id"]).toBe(TRACE);
  expect(call?.headers["traceparent"]).toMatch(
    new RegExp(`^00-${TRACE}-(?!${SPAN})[0-9a-f]{16}-00$`),
  );
});

test.concurrent("X-Trace-ID is taken before X-Request-ID, which is taken too", async () => {
  const [both, one] = await Promise.all([
    send(shared.api, "/health", { headers: { "x-trace-id": "first", "x-request-id": "second" } }),
    send(shared.api, "/health", { headers: { "x-request-id": "second" } }),
  ]);
  expect(both.headers["x-trace-id"]).toBe("first");
  expect(one.headers).toMatchObject({ "x-trace-id": "second", "x-request-id": "second" });
});

test.concurrent("without one, every request gets a new UUID", async () => {
  const answers = await Promise.all([send(shared.api, "/health"), send(shared.api, "/health")]);
  const [one, other] = answers.map(({ headers }) => String(headers["x-trace-id"]));
  expect(one).toMatch(UUID);
  expect(other).toMatch(UUID);
  expect(one).not.toBe(other);
});

test.concurrent.for([
  [{ "x-trace-id": "two words" }],
  [{ "x-trace-id": "a,b" }],
  [{ "x-trace-id": '"}{"level":"fatal"' }],
  [{ "x-trace-id": "<script>alert(1)</script>" }],
  [{ "x-trace-id": "x".repeat(129) }],
  [{ "x-trace-id": "" }],
  [{ "x-trace-id": "fünf" }],
  [{ "x-request-id": "a b" }],
  [{ traceparent: `00-${"0".repeat(32)}-${SPAN}-01` }],
  [{ traceparent: `00-${TRACE}-${"0".repeat(16)}-01` }],
  [{ traceparent: `ff-${TRACE}-${SPAN}-01` }],
  [{ traceparent: `00-${TRACE.toUpperCase()}-${SPAN}-01` }],
  [{ traceparent: TRACE }],
] as const)("a malformed id is replaced, never echoed: %j", async ([headers], { expect: the }) => {
  const answer = await submit(shared.api, task, { headers });
  the(answer.headers["x-trace-id"]).toMatch(UUID);
  the(answer.body).toMatchObject({ trace_id: answer.headers["x-trace-id"] });
});

test.concurrent.for([
  ["GET", "/orchestrator/tasks/nobody", 404],
  ["GET", "/orchestrator/nothing", 404],
  ["POST", "/orchestrator/tasks", 400],
  ["PUT", "/orchestrator/tasks", 405],
  ["GET", "/orchestrator/tasks?limit=0", 400],
  ["GET", "/orchestrator/tasks/%E0%A4%A", 400],
] as const)(
  "the trace id of a refusal is in the log: %s %s",
  async ([method, path, status], { expect: the }) => {
    const answer = await send(shared.api, path, { method });
    const { trace_id } = answer.body as { trace_id: string };
    const { code } = refusalOf(answer, status);
    the(trace_id).toMatch(UUID);
    const line = await shared.api.waitForLog((one) => one.trace_id === trace_id);
    the(line).toMatchObject({ status, code });
  },
);

test.concurrent("the worker's own server answers with a trace id as well", async () => {
  const headers = { "x-trace-id": "probe-1" };
  const answer = await send(shared.worker, "/nothing", { headers });
  expect(refusalOf(answer, 404).code).toBe("NOT_FOUND");
  expect(answer.body).toMatchObject({ trace_id: "probe-1" });
});
