import { expect, it } from "vitest";
import { parsePath } from "./parse-path.ts";

it.each([
  ["/health", "/health"],
  ["health?a=1", "/health?a=1"],
  ["?a=1", "/?a=1"],
  ["/a//b/../c", "/a//b/../c"],
])("takes %s as %s", (text, path) => {
  expect(parsePath(text)).toEqual({ kind: "path", path });
});

it("takes 2048 characters and no more", () => {
  expect(parsePath(`/${"a".repeat(2047)}`).kind).toBe("path");
  expect(parsePath(`/${"a".repeat(2048)}`).kind).toBe("invalid");
});

it.each([
  ["", "the path is empty"],
  ["/a b", "the path contains whitespace or control characters"],
  ["/a\u0000", "the path contains whitespace or control characters"],
  ["/\uDC00", "the path is not well-formed Unicode"],
  ["/a\\b", "the path contains a backslash"],
  ["/a#b", "the path contains a fragment, which is never sent"],
  ["//h", "the path starts with two slashes, which names another host"],
])("says why %j is no path", (text, reason) => {
  expect(parsePath(text)).toEqual({ kind: "invalid", reason });
});
