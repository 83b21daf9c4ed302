import type { Attempt, Task } from "@orchestrator/core";
import { expect, test } from "vitest";
import type { StoredTask } from "../records/stored-task.ts";
import { aStoredTask } from "../records/testing/stored-examples.ts";
import { storyOf } from "./task-story.ts";

const T0 = 1_795_462_233_000;

const TASK = {
  id: "550e8400-e29b-41d4-a716-446655440000",
  dropletName: "Billing",
  traceId: "trace",
  createdAt: T0,
} as Task;

const BASE = aStoredTask({ task: TASK });

function attempt(number: number, more: Partial<Attempt> = {}): Attempt {
  const startedAt = T0 + number * 1000;
  return {
    number,
    startedAt,
    durationMs: 200,
    outcome: "responded",
    responseStatus: 503,
    error: null,
    retryInMs: null,
    decision: "",
    ...more,
  };
}

const retried = (number: number): Attempt => attempt(number, { retryInMs: 800 });

function tell(stored: Partial<StoredTask>): string {
  const { steps, end } = storyOf({ ...BASE, ...stored });
  return [...steps, ...(end ? [end] : [])]
    .map(({ name, data }) => `${name} ${data.retry_count} @${Math.round(data.at * 1000 - T0)}`)
    .join(", ");
}

const open = { number: 2, startedAt: T0 + 2000, worker: "w" };
const ended = { completedAt: T0 + 5000 } as const;

test.for<[life: string, stored: Partial<StoredTask>, story: string]>([
  ["it waits", {}, "queued 0 @0"],
  [
    "its first attempt runs",
    { status: "running", open: { ...open, number: 1 } },
    "queued 0 @0, running 0 @2000",
  ],
  [
    "it waits for its retry",
    { attempts: [retried(1)] },
    "queued 0 @0, running 0 @1000, retrying 0 @1200",
  ],
  [
    "its retry runs",
    { status: "running", attempts: [retried(1)], open },
    "queued 0 @0, running 0 @1000, retrying 0 @1200, running 1 @2000",
  ],
  [
    "an attempt ended it",
    { status: "success", attempts: [retried(1), attempt(2)], ...ended },
    "queued 0 @0, running 0 @1000, retrying 0 @1200, running 1 @2000, success 1 @5000",
  ],
  [
    "it was cancelled while it waited for its retry",
    { status: "cancelled", attempts: [retried(1)], ...ended },
    "queued 0 @0, running 0 @1000, retrying 0 @1200, cancelled 0 @5000",
  ],
  [
    "it was handed back by a worker that stopped",
    { attempts: [attempt(1)] },
    "queued 0 @0, running 0 @1000, retrying 0 @1200",
  ],
  [
    "a worker vanished with its first attempt",
    { status: "running", attempts: [attempt(1, { error: "WORKER_LOST" })], open },
    "queued 0 @0, running 0 @1000, retrying 0 @1200, running 0 @2000",
  ],
  ["it never ran", { status: "timeout", ...ended }, "queued 0 @0, timeout 0 @5000"],
])("the story when %s", ([, stored, story], { expect: the }) => {
  the(tell(stored)).toBe(story);
});

test("each part of a story stays as it was when the story goes on", () => {
  const lives: Partial<StoredTask>[] = [
    {},
    { status: "running", open: { ...open, number: 1, startedAt: T0 + 1000 } },
    { attempts: [retried(1)] },
    { status: "running", attempts: [retried(1)], open },
    { attempts: [retried(1), retried(2)] },
    { status: "cancelled", attempts: [retried(1), retried(2)], ...ended },
  ];
  const told = lives.map((life) => tell(life));
  for (const [n, story] of told.entries()) expect(told[n + 1] ?? story).toContain(story);
});

test("data speaks the record's words", () => {
  const { steps } = storyOf({ ...BASE, attempts: [retried(1)] });
  expect(steps.at(-1)).toEqual({
    name: "retrying",
    data: {
      task_id: TASK.id,
      status: "queued",
      droplet_name: "Billing",
      trace_id: "trace",
      retry_count: 0,
      at: (T0 + 1200) / 1000,
    },
  });
});
