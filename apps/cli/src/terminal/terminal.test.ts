import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { nearest } from "../nearest.ts";
import { plainText, shortText } from "./plain-text.ts";
import { ProgressBar, renderProgress } from "./progress-bar.ts";
import { makeStyle, paintStatus } from "./style.ts";
import { renderTable } from "./table.ts";

it("shows control characters of others as what they are", () => {
  expect(plainText("a\u001b[2Jb\nc\td\u202e")).toBe(String.raw`a\u001b[2Jb\u000ac d\u202e`);
  expect(shortText("abcdef", 4)).toBe("abc…");
});

it("aligns columns whatever colours their cells have", () => {
  const style = makeStyle(true);
  const columns = [{ title: "NAME" }, { title: "N", isRight: true }, { title: "STATE" }];
  const rows = [
    ["größer", "7", paintStatus(style, "error")],
    ["b", "1234", paintStatus(style, "success")],
  ];
  const plain = stripVTControlCharacters(renderTable(columns, rows));
  expect(plain.split("\n")).toEqual([
    "NAME       N  STATE",
    "größer     7  error",
    "b       1234  success",
  ]);
  expect(paintStatus(makeStyle(false), "error")).toBe("error");
});

it("draws progress on a terminal, with and without a total, and nothing elsewhere", () => {
  expect(renderProgress({ done: 50, total: 200, refused: 2 }, 5000)).toBe(
    "[██████··················] 50/200  10/s  2 refused  15 s left",
  );
  expect(renderProgress({ done: 5, total: null, refused: 0 }, 1000)).toBe("5  5.0/s");
  const written: string[] = [];
  const bar = new ProgressBar((text) => written.push(text));
  bar.clear();
  expect(written).toEqual([]);
  bar.show({ done: 1, total: 1, refused: 0 });
  bar.clear();
  expect(written.at(-1)).toBe("\r\u001b[K");
  new ProgressBar(null).show({ done: 1, total: 1, refused: 0 });
});

it("guesses what was meant, and nothing far-fetched", () => {
  const words = ["submit", "batch", "get"];
  expect(nearest("sbmit", words)).toBe("submit");
  expect(nearest("gte", words)).toBe("get");
  expect(nearest("kubernetes", words)).toBeNull();
});
