import { expect, test } from "vitest";
import { fieldIssues } from "./error-response.ts";
import { TaskListQuery } from "./task-list-query.ts";
import { TASK_STATUSES } from "./task-status.ts";

function refused(query: unknown): string[] {
  const parsed = TaskListQuery.safeParse(query);
  return parsed.success ? [] : fieldIssues(parsed.error).map(({ path }) => path);
}

test("a caller who filters nothing gets the newest 100", () => {
  expect(TaskListQuery.parse({})).toEqual({ limit: 100 });
});

test("every filter is read, alone and together", () => {
  const query = {
    droplet_name: "Echo",
    requested_by: "me",
    trace_id: "t-1",
    since: "1700000000.25",
    until: "1700000001",
    limit: "7",
    cursor: "abc_-9",
  };
  const parsed = { ...query, since: 1_700_000_000.25, until: 1_700_000_001, limit: 7 };
  for (const status of TASK_STATUSES) {
    expect(TaskListQuery.parse({ ...query, status })).toEqual({ ...parsed, status });
    expect(TaskListQuery.parse({ status })).toEqual({ status, limit: 100 });
  }
});

test.each<[string, unknown[]]>([
  ["limit", ["0", "-1", "1001", "1.5", "ten", "", "1,000", "NaN", "Infinity", ["1", "2"]]],
  ["status", ["done", "", "SUCCESS", "queued,running", ["queued", "running"]]],
  ["droplet_name", ["", "x".repeat(256), ["a", "b"], { a: "b" }]],
  ["requested_by", ["", "x".repeat(256), ["a", "b"]]],
  ["trace_id", ["", "x".repeat(256), ["a", "b"]]],
  ["since", ["-1", "yesterday", "2026-01-01T00:00:00Z", "1e12", "NaN", "Infinity", ["1", "2"]]],
  ["until", ["-1", "tomorrow", "1e12", ["1", "2"]]],
  ["cursor", ["", "a b", "a+b", "a/b", "a=", "ü", "x".repeat(201), ["a", "b"]]],
])("%s out of range is refused by its name, never clamped", (field, values) => {
  for (const value of values) expect(refused({ [field]: value })).toEqual([field]);
});

test("limit is accepted from 1 to 1000", () => {
  expect(TaskListQuery.parse({ limit: "1" }).limit).toBe(1);
  expect(TaskListQuery.parse({ limit: "1000" }).limit).toBe(1000);
});

test.each(["since", "until", "limit"])("%s that is no decimal number is refused", (field) => {
  for (const value of ["", " ", "0x10", " 5", null, true, [], ["5"]])
    expect(refused({ [field]: value })).toEqual([field]);
});
