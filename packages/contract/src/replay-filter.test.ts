import { expect, test } from "vitest";
import { fieldIssues } from "./error-response.ts";
import { BatchRequest, ReplayRequest } from "./replay-filter.ts";

function refused(body: unknown): string[] {
  const parsed = ReplayRequest.safeParse(body);
  return parsed.success ? [] : fieldIssues(parsed.error).map(({ path }) => path);
}

test("a bulk replay says which tasks it is for, and does not only count unless asked to", () => {
  expect(ReplayRequest.parse({ status: "error", since: 1.5 })).toEqual({
    status: "error",
    since: 1.5,
    dry_run: false,
  });
  for (const filter of [{ status: "timeout" }, { droplet_name: "a" }, { since: 1 }, { until: 1 }]) {
    expect(refused(filter)).toEqual([]);
    expect(refused({ ...filter, dry_run: true })).toEqual([]);
  }
});

test.each([{}, { dry_run: true }, { dry_run: false }, { state: "error" }, { limit: 5 }])(
  "%j filters nothing and is refused: everything is never meant",
  (body) => {
    expect(refused(body)).toEqual([""]);
  },
);

test.each<[string, unknown[]]>([
  ["status", ["queued", "running", "done", "", null]],
  ["droplet_name", ["", null, 1, "x".repeat(256)]],
  ["since", [-1, "soon", 1e12]],
  ["until", [-1, "soon", 1e12]],
  ["dry_run", ["true", 1, null]],
])("%s out of range is refused by its name", (field, values) => {
  for (const value of values) expect(refused({ status: "error", [field]: value })).toEqual([field]);
});

test("a batch holds 1 to 1,000 tasks, each checked for itself", () => {
  const tasks = Array.from({ length: 1001 }, () => "anything");
  const isTaken = (count: number) =>
    BatchRequest.safeParse({ tasks: tasks.slice(0, count) }).success;
  expect([0, 1, 1000, 1001].map(isTaken)).toEqual([false, true, true, false]);
  expect(BatchRequest.safeParse({ tasks: {} }).success).toBe(false);
});

test.each(["since", "until"])(
  "%s that is no number is refused: as 0 it would mean every task",
  (field) => {
    for (const value of [null, "", false, []]) expect(refused({ [field]: value })).toEqual([field]);
  },
);
