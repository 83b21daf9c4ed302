import { expect, test } from "vitest";
import { isEnded, TASK_STATUSES } from "./task-status.ts";

test("a task has ended unless it is queued or running", () => {
  expect(TASK_STATUSES.filter((status) => isEnded(status))).toEqual([
    "success",
    "error",
    "timeout",
    "cancelled",
  ]);
});
