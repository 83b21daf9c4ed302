import { expect, test } from "vitest";
import { attemptTraceparent } from "./attempt-traceparent.ts";
import { requestHeaders, type RequestHeadersInput } from "./request-headers.ts";
import { aTask } from "./testing/a-task.ts";

function headers(differing: Partial<RequestHeadersInput> = {}) {
  return requestHeaders({
    task: aTask(),
    traceparent: attemptTraceparent(differing.task ?? aTask()),
    extra: {},
    attemptNumber: 1,
    limitMs: 1234.4,
    hasBody: false,
    version: "2.0.0",
    ...differing,
  });
}
const traceparentIds = (traceparent: string | undefined) => traceparent?.split("-") ?? [];

test("every call says who asks, for which task, how often, and how long it will wait", () => {
  const { traceparent, ...rest } = headers({
    attemptNumber: 3,
    task: aTask({ hops: 2, traceId: "t" }),
  });
  expect(rest).toEqual({
    "x-task-id": aTask().id,
    "x-trace-id": "t",
    "idempotency-key": aTask().id,
    "x-attempt": "3",
    "x-request-deadline": "1234",
    "x-orchestrator-hops": "2",
    "user-agent": "orchestrator/2.0.0",
  });
  expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

test("a body is JSON unless the caller says otherwise, and nothing is said where there is none", () => {
  expect(headers({ hasBody: true })).toMatchObject({ "content-type": "application/json" });
  expect(headers({ hasBody: false })).not.toHaveProperty("content-type");
  const own = headers({ hasBody: true, extra: { "Content-Type": "application/merge-patch+json" } });
  expect(own).toMatchObject({ "Content-Type": "application/merge-patch+json" });
  expect(own).not.toHaveProperty("content-type");
});

test("the caller's own headers go along as they are spelled", () => {
  const extra = { Authorization: "Bearer x", "X-Custom": "1" };
  expect(headers({ extra })).toMatchObject(extra);
});

test.each([
  "x-task-id",
  "X-Task-Id",
  "X-TRACE-ID",
  "Traceparent",
  "Idempotency-Key",
  "X-Attempt",
  "X-Request-Deadline",
  "x-orchestrator-hops",
  "User-Agent",
])("ours win: a stored %s of the caller's is not sent beside or instead of it", (name) => {
  const sent = headers({ extra: { [name]: "forged" } });
  expect(Object.values(sent)).not.toContain("forged");
  const spellings = Object.keys(sent).filter((one) => one.toLowerCase() === name.toLowerCase());
  expect(spellings).toEqual([name.toLowerCase()]);
});

test("the caller's trace goes on, each attempt as a span of its own", () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const task = aTask({ traceId, traceparent: `00-${traceId}-b7ad6b7169203331-00` });
  const [first, second] = [headers({ task }), headers({ task, attemptNumber: 2 })].map((sent) =>
    traceparentIds(sent["traceparent"]),
  );
  expect(first?.[1]).toBe(traceId);
  expect(second?.[1]).toBe(traceId);
  expect(first?.[2]).not.toBe("b7ad6b7169203331");
  expect(first?.[2]).not.toBe(second?.[2]);
  // Not sampled by the caller's choice, so not by ours.
  expect(first?.[3]).toBe("00");
});

test("a task without a trace of its caller's has one trace over all attempts", () => {
  for (const traceId of ["trace-1", "550e8400-e29b-41d4-a716-446655440000"]) {
    const task = aTask({ traceId });
    const [first, second] = [headers({ task }), headers({ task })].map((sent) =>
      traceparentIds(sent["traceparent"]),
    );
    expect(first?.[1]).toBe(second?.[1]);
    expect(first?.[2]).not.toBe(second?.[2]);
  }
});

test("a traceparent that is none does not break the call", () => {
  const { traceparent } = headers({ task: aTask({ traceparent: "00-nonsense" }) });
  expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});
