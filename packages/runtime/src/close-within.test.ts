import { expect, test } from "vitest";
import { closeWithin } from "./close-within.ts";

function collector() {
  const events: unknown[] = [];
  return {
    events,
    log: { warn: (line: { event: string }) => void events.push(line.event) } as never,
  };
}

test("what closes in time is waited for, and nothing is logged", async () => {
  const { events, log } = collector();
  let isClosed = false;
  await closeWithin(
    5000,
    "it",
    async () => {
      await Promise.resolve();
      isClosed = true;
    },
    log,
  );
  expect(isClosed).toBe(true);
  expect(events).toEqual([]);
});

test("what never closes is given up on, and said so", async () => {
  const { events, log } = collector();
  await closeWithin(10, "it", async () => await new Promise(() => {}), log);
  expect(events).toEqual(["closing.givenUp"]);
});

test("what fails to close is logged and holds up nobody", async () => {
  const { events, log } = collector();
  await closeWithin(5000, "it", async () => await Promise.reject(new Error("no")), log);
  expect(events).toEqual(["closing.failed"]);
});
