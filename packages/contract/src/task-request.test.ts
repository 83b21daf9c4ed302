import { describe, expect, test } from "vitest";
import { fieldIssues } from "./error-response.ts";
import { METHODS, PRIORITIES, TaskRequest, unknownFields } from "./task-request.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const least = { droplet_name: "echo", path: "/" };

/** The fields that are complained about; none when the request is accepted. */
function refused(body: unknown): string[] {
  const parsed = TaskRequest.safeParse(body);
  const paths = parsed.success ? [] : fieldIssues(parsed.error).map(({ path }) => path);
  return [...new Set(paths)];
}
const delayed = (delay_ms: number) => refused({ ...least, deadline_ms: 1000, delay_ms });
const text = (length: number) => "x".repeat(length);
/** `{"a":"…"}` of that many bytes of JSON. */
const metaOfBytes = (bytes: number) => ({ a: text(bytes - 8) });

test("a task is a droplet and a path; all else has the contract's default or is left open", () => {
  expect(TaskRequest.parse(least)).toEqual({
    droplet_name: "echo",
    method: "GET",
    path: "/",
    payload: null,
    headers: {},
    meta: {},
    priority: "normal",
    delay_ms: 0,
    delivery: "at_least_once",
    when_open: "queue",
  });
});

describe("at its limits", () => {
  test.each<[string, unknown[]]>([
    ["droplet_name", ["x", text(255), "Ünïcode name"]],
    ["path", ["/", "x", text(2048), "/a?b=c"]],
    ["method", [...METHODS]],
    ["payload", [null, 0, "", false, [], {}, { deep: [1, { a: null }] }]],
    ["meta", [{}, { requested_by: "me", n: [1] }, metaOfBytes(4096)]],
    ["priority", [...PRIORITIES]],
    ["delay_ms", [0, 1, 30 * DAY_MS]],
    ["deadline_ms", [1, Number.MAX_SAFE_INTEGER]],
    ["timeout_ms", [1, HOUR_MS]],
    ["attempt_timeout_ms", [1, HOUR_MS]],
    ["max_retries", [0, 20]],
    ["delivery", ["at_least_once", "at_most_once"]],
    ["when_open", ["queue", "fail"]],
    ["callback", [{ droplet_name: text(255), path: text(2048) }]],
  ])("%s is accepted as it is", (field, values) => {
    for (const value of values) {
      expect(TaskRequest.parse({ ...least, [field]: value })).toMatchObject({ [field]: value });
    }
  });
});

describe("beyond its limits, or of another type,", () => {
  const notMs = [1.5, "100", null, Number.NaN, Infinity, true, [], {}];
  test.each<[string, unknown[]]>([
    ["droplet_name", ["", text(256), 1, null, undefined, ["echo"], {}]],
    ["path", ["", text(2049), 1, null, undefined, ["/"], {}]],
    ["method", ["get", "HEAD", "OPTIONS", "", null, 1, ["GET"]]],
    ["headers", ["x", 1, null, ["a"], [["a", "b"]]]],
    ["meta", ["x", 1, null, [], metaOfBytes(4097), { a: "ü".repeat(2045) }]],
    ["priority", ["urgent", "High", "", 1, null]],
    ["delay_ms", [-1, 0.5, 30 * DAY_MS + 1, "0", null, true]],
    ["deadline_ms", [...notMs, Number.MAX_SAFE_INTEGER + 1]],
    ["timeout_ms", [...notMs, 0, -1, HOUR_MS + 1]],
    ["attempt_timeout_ms", [...notMs, 0, -1, HOUR_MS + 1]],
    ["max_retries", [-1, 21, 1.5, "3", null, true]],
    ["delivery", ["exactly_once", "", null, 1]],
    ["when_open", ["wait", "", null, true]],
    ["callback", ["/done", null, 1, []]],
  ])("%s is refused by its name", (field, values) => {
    for (const value of values) expect(refused({ ...least, [field]: value })).toEqual([field]);
  });

  test("deadline_ms is refused by its name when it has passed at acceptance", () => {
    expect(refused({ ...least, deadline_ms: 0 })).toEqual(["deadline_ms"]);
    expect(refused({ ...least, deadline_ms: -1 })).toEqual(["deadline_ms"]);
  });

  test("a field inside the callback is refused by its full name", () => {
    const callback = { droplet_name: "", path: text(2049) };
    expect(refused({ ...least, callback })).toEqual(["callback.droplet_name", "callback.path"]);
    expect(refused({ ...least, callback: { path: "/done" } })).toEqual(["callback.droplet_name"]);
  });
});

test("every wrong field is named at once", () => {
  const body = { path: 1, priority: "urgent", max_retries: 21 };
  expect(refused(body)).toEqual(["droplet_name", "path", "priority", "max_retries"]);
});

test.each([null, undefined, 1, "text", true, [least]])("a body of %j is no task", (body) => {
  expect(refused(body)).toEqual([""]);
});

test("a delay that reaches the deadline is refused: the task could never run", () => {
  expect(delayed(999)).toEqual([]);
  expect(delayed(1000)).toEqual(["delay_ms"]);
  expect(delayed(1001)).toEqual(["delay_ms"]);
});

test("unknown fields are ignored, and known by name for the warning", () => {
  const body = { ...least, retries: 3, Method: "PUT", headers: {}, when_open: "fail" };
  expect(TaskRequest.parse(body)).not.toHaveProperty("retries");
  expect(unknownFields(body)).toEqual(["retries", "Method"]);
  expect(unknownFields(least)).toEqual([]);
});
