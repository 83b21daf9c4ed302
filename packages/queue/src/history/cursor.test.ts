import { TaskListQuery } from "@orchestrator/contract";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeCursor, encodeCursor } from "./cursor.ts";

test("a cursor comes back as it was given out, and the contract takes it", () => {
  const createdAt = fc.integer({ min: 0, max: 999_999_999_999_999 });
  fc.assert(
    fc.property(createdAt, fc.uuid(), (ms, id) => {
      const cursor = { createdAt: ms, id };
      const text = encodeCursor(cursor);
      expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
      expect(TaskListQuery.parse({ cursor: text }).cursor).toBe(text);
      expect(decodeCursor(text)).toEqual(cursor);
    }),
  );
});

const encoded = (text: string) => Buffer.from(text).toString("base64url");

test.each([
  "",
  "x",
  "_-_-",
  encoded("no bar"),
  encoded("|id"),
  encoded("12|"),
  encoded("-1|id"),
  encoded("1.5|id"),
  encoded("NaN|id"),
  encoded("1e9|id"),
  encoded("1234567890123456|id"),
  encoded(`1|${"x".repeat(65)}`),
  encoded("1|two\nlines"),
  encoded(" 1|id"),
])("%j was never given out", (text) => {
  expect(decodeCursor(text)).toBeNull();
});

test("any text is a cursor or null, never an error", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string().map(encoded)), (text) => {
      const cursor = decodeCursor(text);
      if (cursor !== null) expect(Number.isSafeInteger(cursor.createdAt)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
