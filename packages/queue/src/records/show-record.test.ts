import { TaskRecord } from "@orchestrator/contract";
import { describe, expect, test } from "vitest";
import { showRecord } from "./show-record.ts";
import type { StoredTask } from "./stored-task.ts";
import { anAttempt, aStoredTask, aTask, NOW } from "./testing/stored-examples.ts";

/** As it is shown 10 s after acceptance. Whatever is shown has the contract's shape. */
function show(differing: Partial<StoredTask>, wholeBody?: unknown) {
  return TaskRecord.parse(showRecord(aStoredTask(differing), wholeBody, NOW + 10_000));
}
const endedAs = {
  DROPLET_ERROR: "error",
  DEADLINE_EXCEEDED: "timeout",
  CANCELLED: "cancelled",
} as const;
const OK = { status: 200, headers: { etag: '"1"' }, bodyBytes: 2, body: { a: 1 } };
const failedWith = (
  code: "DROPLET_ERROR" | "DEADLINE_EXCEEDED" | "CANCELLED",
  message: string,
) => ({
  status: endedAs[code],
  error: { code, message },
});

test("a queued task shows what was asked for, and nulls for what has not happened", () => {
  expect(show({})).toEqual({
    id: aTask().id,
    task_id: aTask().id,
    droplet_name: "Echo",
    method: "PUT",
    path: "/x?y=z",
    target_url: null,
    status: "queued",
    response_status: null,
    response_headers: null,
    response_body: null,
    retry_count: 0,
    created_at: NOW / 1000,
    started_at: null,
    next_attempt_at: null,
    completed_at: null,
    duration_ms: 0,
    error_message: null,
    error: null,
    meta: { requested_by: "me" },
    priority: "high",
    trace_id: "trace-1",
    replayed_from: null,
    attempts: [],
  });
});

test("a running task shows since when, and how long by now", () => {
  const open = { number: 1, startedAt: NOW + 500, worker: "w" };
  const shown = show({ status: "running", firstStartedAt: NOW + 500, open });
  expect(shown).toMatchObject({
    status: "running",
    started_at: NOW / 1000 + 0.5,
    completed_at: null,
    duration_ms: 9500,
    retry_count: 0,
    attempts: [],
  });
});

const waiting: Partial<StoredTask> = {
  status: "queued",
  firstStartedAt: NOW + 500,
  nextAttemptAt: NOW + 1520,
  attempts: [anAttempt()],
  targetUrl: "http://127.0.0.1:1/x",
  response: { status: 503, headers: {}, bodyBytes: 0, body: null },
};

test("a task between two attempts is queued, and shows the last answer and the next attempt", () => {
  expect(show(waiting)).toMatchObject({
    status: "queued",
    next_attempt_at: NOW / 1000 + 1.52,
    target_url: "http://127.0.0.1:1/x",
    response_status: 503,
    retry_count: 0,
    error: null,
    attempts: [
      {
        number: 1,
        started_at: NOW / 1000 + 0.5,
        duration_ms: 20,
        outcome: "responded",
        response_status: 503,
        error: null,
        retry_in_ms: 1000,
        decision: "503 may pass",
      },
    ],
  });
});

test("a retry counts from the moment it begins", () => {
  const open = { number: 2, startedAt: NOW + 1520, worker: "w" };
  expect(show({ ...waiting, status: "running", open }).retry_count).toBe(1);
});

test("a task that succeeded shows its answer, its retries and its time with the waits", () => {
  const success: Partial<StoredTask> = {
    ...waiting,
    status: "success",
    nextAttemptAt: null,
    completedAt: NOW + 1600,
    attempts: [anAttempt(), anAttempt({ number: 2, responseStatus: 200, retryInMs: null })],
    response: OK,
    end: { status: "success", error: null },
  };
  expect(show(success)).toMatchObject({
    status: "success",
    response_status: 200,
    response_headers: { etag: '"1"' },
    response_body: { a: 1 },
    retry_count: 1,
    completed_at: NOW / 1000 + 1.6,
    duration_ms: 1100,
    error: null,
    error_message: null,
  });
});

test("a task that failed keeps the last answer beside its error", () => {
  const error: Partial<StoredTask> = {
    ...waiting,
    status: "error",
    completedAt: NOW + 600,
    end: failedWith("DROPLET_ERROR", "Droplet answered 503"),
  };
  expect(show(error)).toMatchObject({
    status: "error",
    response_status: 503,
    error_message: "Droplet answered 503",
    error: { code: "DROPLET_ERROR", message: "Droplet answered 503", details: {} },
  });
});

test("a task cancelled while it waited for a retry did not make that retry", () => {
  const end = failedWith("CANCELLED", "Cancelled on request");
  const cancelled = show({ ...waiting, status: "cancelled", completedAt: NOW + 700, end });
  expect(cancelled).toMatchObject({ status: "cancelled", retry_count: 0, duration_ms: 200 });
});

test("a task that ended without any attempt took no time", () => {
  const end = failedWith("DEADLINE_EXCEEDED", "Too late");
  const timedOut = show({ status: "timeout", completedAt: NOW + 900, end });
  expect(timedOut).toMatchObject({
    started_at: null,
    duration_ms: 0,
    completed_at: NOW / 1000 + 0.9,
  });
});

test("clocks that differ between machines never make a duration negative", () => {
  expect(show({ status: "running", firstStartedAt: NOW + 60_000 }).duration_ms).toBe(0);
});

describe("a body", () => {
  const done: Partial<StoredTask> = { status: "success", completedAt: NOW + 1 };
  const large = { status: 200, headers: {}, bodyBytes: 20_490 };

  test("that is empty is null, and so is that of a task without an answer", () => {
    const empty = { ...large, bodyBytes: 0, body: null };
    expect(show({ ...done, response: empty }, "not asked").response_body).toBeNull();
    expect(show(done, "not asked").response_body).toBeNull();
  });

  test.each([0, false, "", [], { a: null }])("of %j is shown as it came", (body) => {
    expect(show({ ...done, response: { ...OK, body } }).response_body).toEqual(body);
  });

  test("kept beside the record is shown whole while it is kept, even where it is null", () => {
    expect(show({ ...done, response: large }, ["whole"]).response_body).toEqual(["whole"]);
    expect(show({ ...done, response: large }, null).response_body).toBeNull();
  });

  test("no longer kept is replaced by its size", () => {
    expect(show({ ...done, response: large }).response_body).toMatchObject({
      _truncated: true,
      _original_size_kb: 20.01,
      _max_size_kb: 10,
    });
  });
});
