import { expect, test } from "vitest";
import { BEFORE_ALL, entryOf, isAfter, isWithin, timeOf, within } from "./stream-id.ts";

test("ids are compared as numbers, part by part", () => {
  const ordered = [
    BEFORE_ALL,
    "9-0",
    "10-0",
    "10-9-0",
    "10-9-2",
    "10-9-10",
    "10-9",
    "10-10",
    "1795462233303-0",
  ];
  for (const [position, id] of ordered.entries()) {
    for (const [other, earlier] of ordered.entries()) {
      expect(isAfter(id, earlier), `${id} after ${earlier}`).toBe(position > other);
    }
  }
});

test("an event within an entry is told from the last of it, and knows its entry", () => {
  expect(within("10-9", 2)).toBe("10-9-2");
  expect(["10-9-2", "10-9"].map(isWithin)).toEqual([true, false]);
  expect(["10-9-2", "10-9"].map(entryOf)).toEqual(["10-9", "10-9"]);
});

test("an id tells when it was given", () => {
  expect(timeOf("1795462233303-7")).toBe(1_795_462_233_303);
});
