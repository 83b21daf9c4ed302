import { TaskRequest } from "@orchestrator/contract";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callbackTask, newTask, replayTask, type Acceptance } from "./new-task.ts";
import { aTask, NOW } from "./testing/examples.ts";

const defaults = { timeoutMs: 30_000, maxRetries: 3 };

function accept(fields: Record<string, unknown> = {}, differing: Partial<Acceptance> = {}) {
  const request = TaskRequest.parse({ droplet_name: "echo", path: "x", ...fields });
  return newTask(request, defaults, {
    id: "task-1",
    dropletName: "Echo",
    callbackDropletName: null,
    path: "/x",
    traceId: "trace-1",
    traceparent: null,
    caller: null,
    claim: null,
    replayedFrom: null,
    hops: 1,
    nowMs: NOW,
    ...differing,
  });
}

test("a task keeps what acceptance found out, and every default filled in", () => {
  const withDefaults = { id: "task-1", timeoutMs: 30_000, attemptTimeoutMs: 10_000 };
  expect(accept()).toEqual(aTask(withDefaults));
});

test("what the caller set stands, whatever the configuration says", () => {
  const fields = {
    method: "POST",
    priority: "high",
    meta: { requested_by: "me" },
    delay_ms: 5,
    timeout_ms: 45_000,
    attempt_timeout_ms: 7,
    max_retries: 0,
    delivery: "at_most_once",
  };
  expect(accept(fields)).toMatchObject({
    method: "POST",
    priority: "high",
    meta: { requested_by: "me" },
    delayMs: 5,
    timeoutMs: 45_000,
    attemptTimeoutMs: 7,
    maxRetries: 0,
    delivery: "at_most_once",
  });
});

test("the deadline counts from acceptance, over the delay as well", () => {
  expect(accept({ deadline_ms: 60_000, delay_ms: 20_000 }).deadlineAt).toBe(NOW + 60_000);
});

describe("an attempt", () => {
  test.each(["GET", "PUT", "DELETE"])("of a %s gets a third of timeout_ms", (method) => {
    expect(accept({ method }).attemptTimeoutMs).toBe(10_000);
    expect(accept({ method, timeout_ms: 100 }).attemptTimeoutMs).toBe(33);
  });

  test.each(["POST", "PATCH"])("of a %s gets all of it: a slow call is not doubled", (method) => {
    expect(accept({ method }).attemptTimeoutMs).toBe(30_000);
    expect(accept({ method, timeout_ms: 100 }).attemptTimeoutMs).toBe(100);
  });

  test("gets 1 ms at least, however short the timeout is", () => {
    expect(accept({ timeout_ms: 1 }).attemptTimeoutMs).toBe(1);
    expect(accept({ timeout_ms: 2 }).attemptTimeoutMs).toBe(1);
  });

  test("gets what the caller asked for, up to timeout_ms", () => {
    expect(accept({ attempt_timeout_ms: 29_999 }).attemptTimeoutMs).toBe(29_999);
    expect(accept({ attempt_timeout_ms: 30_001 }).attemptTimeoutMs).toBe(30_000);
    expect(accept({ attempt_timeout_ms: 500, timeout_ms: 300 }).attemptTimeoutMs).toBe(300);
  });

  test("never gets more than the task, and never nothing", () => {
    const ms = fc.integer({ min: 1, max: 3_600_000 });
    const method = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE");
    fc.assert(
      fc.property(method, ms, fc.option(ms), (verb, timeout_ms, asked) => {
        const explicit = asked === null ? {} : { attempt_timeout_ms: asked };
        const { attemptTimeoutMs } = accept({ method: verb, timeout_ms, ...explicit });
        expect(attemptTimeoutMs).toBeGreaterThanOrEqual(1);
        expect(attemptTimeoutMs).toBeLessThanOrEqual(timeout_ms);
        expect(Number.isInteger(attemptTimeoutMs)).toBe(true);
      }),
    );
  });
});

const callback = { droplet_name: "sink", path: "/done" };
const calledBack = () => accept({ callback }, { callbackDropletName: "Sink" });

describe("a callback", () => {
  test("is kept with the name its droplet has in the list", () => {
    expect(calledBack().callback).toMatchObject({ dropletName: "Sink", path: "/done" });
  });

  test("whose droplet was not resolved is none", () => {
    expect(accept({ callback }).callback).toBeNull();
    expect(accept({}, { callbackDropletName: "Sink" }).callback).toBeNull();
  });

  test("becomes a POST of its own with the configured limits, not those of its task", () => {
    const of = accept(
      { callback, timeout_ms: 5, max_retries: 0, delay_ms: 9, deadline_ms: 10, priority: "low" },
      { callbackDropletName: "Sink", caller: "me", hops: 2, claim: "claim-1" },
    );
    if (of.callback === null) throw new Error("no callback");
    expect(callbackTask(of, of.callback, "task-2", NOW + 50)).toEqual({
      id: "task-2",
      dropletName: "Sink",
      method: "POST",
      path: "/done",
      priority: "low",
      meta: { callback_of: "task-1" },
      traceId: "trace-1",
      traceparent: null,
      caller: "me",
      createdAt: NOW + 50,
      delayMs: 0,
      deadlineAt: null,
      timeoutMs: 30_000,
      attemptTimeoutMs: 30_000,
      maxRetries: 3,
      delivery: "at_least_once",
      callback: null,
      replayedFrom: null,
      hops: 2,
      claim: null,
    });
  });
});

describe("a replay", () => {
  const anew = { id: "task-2", traceId: "trace-2", traceparent: null, delayMs: 0 };

  test("is the same work under a new id, and says whence it came", () => {
    const of = aTask({
      id: "task-1",
      method: "PUT",
      meta: { a: 1 },
      claim: "claim-1",
      maxRetries: 7,
    });
    expect(replayTask(of, { ...anew, nowMs: NOW + 9000 })).toEqual({
      ...of,
      id: "task-2",
      traceId: "trace-2",
      createdAt: NOW + 9000,
      replayedFrom: "task-1",
      claim: null,
    });
  });

  test("has as much time as the task had once it could start, counted from its own start", () => {
    const of = aTask({ delayMs: 4000, deadlineAt: NOW + 10_000 });
    const replayed = replayTask(of, { ...anew, delayMs: 1500, nowMs: NOW + 100_000 });
    expect(replayed).toMatchObject({ delayMs: 1500, deadlineAt: NOW + 100_000 + 1500 + 6000 });
  });
});
