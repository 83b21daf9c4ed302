import * as fc from "fast-check";
import { expect, test } from "vitest";
import { jsonDepth } from "./json-depth.ts";

/** The depth of a value, the slow way. */
function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test.each([
  ["1", 0],
  ["[]", 1],
  ["{}", 1],
  ["[[],[[]],[]]", 3],
  ['{"a":[{"b":1}]}', 3],
  ['"[[["', 0],
  ['["\\"[[", "]"]', 1],
  ['["\\\\", [1]]', 2],
  ["[[[", 3],
  ["]]][", 0],
  ['["[[', 1],
  ['["\\"[', 1],
])("%s is nested %d deep", (text, depth) => {
  expect(jsonDepth(text)).toBe(depth);
});

test("the depth of any JSON is known without parsing it, with and without white space", () => {
  const strings = fc.oneof(fc.string(), fc.stringMatching(/^["\\[\]{}]{0,6}$/));
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { depthSize: "small" },
      strings,
      fc.integer(),
      fc.constant(null),
      fc.array(tie("json"), { maxLength: 3 }),
      fc.dictionary(strings, tie("json"), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(json, (value) => {
      expect(jsonDepth(JSON.stringify(value))).toBe(depthOf(value));
      expect(jsonDepth(JSON.stringify(value, null, 2))).toBe(depthOf(value));
    }),
  );
});
