import { expect, it } from "vitest";
import { OptionValues } from "./option-values.ts";
import { UsageError } from "./usage-error.ts";

const of = (value: string): OptionValues => new OptionValues({ it: value });

it.each([
  ["500ms", 500],
  ["2", 2000],
  ["2s", 2000],
  ["1.5m", 90_000],
  ["2h", 7_200_000],
  ["1d", 86_400_000],
  ["0", 0],
])("%s is %d ms", (text, ms) => {
  expect(of(text).durationMs("it")).toBe(ms);
});

it.each(["", "soon", "-1s", "1e3", "1w", "2 s"])("%j is no time", (text) => {
  expect(() => of(text).durationMs("it")).toThrow(UsageError);
});

it.each([
  ["1767225600", 1_767_225_600],
  ["1767225600.5", 1_767_225_600.5],
  ["2026-01-01T00:00:00Z", 1_767_225_600],
  ["90s", 1000 - 90],
])("%s is %d, seen at 1000 s", (text, seconds) => {
  expect(of(text).epochSeconds("it", 1_000_000)).toBe(seconds);
});

it.each(["yesterday", ""])("%j is no moment", (text) => {
  expect(() => of(text).epochSeconds("it", 0)).toThrow(UsageError);
});

it.each(["0", "21", "1.5", "x", ""])("%j is not a count from 1 to 20", (text) => {
  expect(() => of(text).count("it", { min: 1, max: 20 })).toThrow("from 1 to 20");
});
