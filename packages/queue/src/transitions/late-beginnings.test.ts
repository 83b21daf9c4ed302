import { stat } from "node:fs";
import { setImmediate, setTimeout } from "node:timers/promises";
import { aTask } from "@orchestrator/core/testing";
import { expect, test, vi } from "vitest";
import { LateBeginnings } from "./late-beginnings.ts";

/** Of a first attempt: whether it is written down after this. */
const LATE_MS = 50;

function standStill(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test("an attempt that still runs after a while is written down", async () => {
  const late = new LateBeginnings(() => {});
  const writeDown = vi.fn<() => Promise<void>>(async () => {});
  late.start(aTask(), writeDown);
  await vi.waitFor(() => expect(writeDown).toHaveBeenCalledOnce());
});

test("what was answered while the process stood still is read before anything is late", async () => {
  const late = new LateBeginnings(() => {});
  const writeDown = vi.fn<() => Promise<void>>(async () => {});
  const task = aTask();
  // What comes next in the event loop is timers, and then what can be read.
  await setImmediate();
  late.start(task, writeDown);
  // Its answer: there before the timer has run, and read after it.
  const { promise: answered, resolve } = Promise.withResolvers<boolean>();
  stat(".", () => resolve(late.dropUnwritten(task.id)));
  standStill(2 * LATE_MS);
  expect(await answered).toBe(true);
  await setTimeout(LATE_MS);
  expect(writeDown).not.toHaveBeenCalled();
});
