import { expect, test } from "vitest";
import { parseStoredTask } from "./stored-task.ts";
import { anAttempt, aStoredTask, aTask, NOW } from "./testing/stored-examples.ts";

const d = JSON.stringify(aTask());

test("a key that is not there is no task", () => {
  expect(parseStoredTask(aTask().id, {})).toBeNull();
});

test("a cancellation wished for before the record was written is no task yet", () => {
  expect(parseStoredTask(aTask().id, { x: String(NOW) })).toBeNull();
});

test("a task that was only accepted has nulls for all that has not happened", () => {
  expect(parseStoredTask(aTask().id, { d, s: "queued", v: "1" })).toEqual(aStoredTask());
});

test("fields that scripts emptied are as good as absent", () => {
  const emptied = { d, s: "queued", v: "1", o: "", na: "", f: "", c: "", r: "", e: "" };
  expect(parseStoredTask(aTask().id, emptied)).toEqual(aStoredTask());
});

test("everything the scripts write is read", () => {
  const open = { number: 3, startedAt: NOW + 5, worker: "w" };
  const response = { status: 503, headers: {}, bodyBytes: 0, body: null };
  const end = { status: "timeout", error: { code: "TIMEOUT", message: "Out of time" } };
  const hash = {
    d,
    s: "timeout",
    v: "9",
    n: "3",
    "a:1": JSON.stringify(anAttempt({ number: 1 })),
    "a:2": JSON.stringify(anAttempt({ number: 2 })),
    o: JSON.stringify(open),
    f: String(NOW + 1),
    na: String(NOW + 2),
    c: String(NOW + 3),
    u: "http://127.0.0.1:1/x",
    r: JSON.stringify(response),
    e: JSON.stringify(end),
    x: String(NOW + 4),
  };
  expect(parseStoredTask(aTask().id, hash)).toEqual({
    task: aTask(),
    status: "timeout",
    revision: 9,
    attempts: [anAttempt({ number: 1 }), anAttempt({ number: 2 })],
    open,
    firstStartedAt: NOW + 1,
    nextAttemptAt: NOW + 2,
    completedAt: NOW + 3,
    targetUrl: "http://127.0.0.1:1/x",
    response,
    end,
    isCancelWished: true,
  });
});

test("attempts are read in their order, ten and more of them too", () => {
  const attempts = Array.from({ length: 21 }, (_, index) => anAttempt({ number: index + 1 }));
  const fields = attempts.map((attempt) => [`a:${attempt.number}`, JSON.stringify(attempt)]);
  const hash = { d, s: "queued", v: "1", n: "21", ...Object.fromEntries(fields.toReversed()) };
  expect(parseStoredTask(aTask().id, hash)?.attempts).toEqual(attempts);
});
