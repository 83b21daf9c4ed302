import * as fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

/** The same value with the fields of every object in the opposite order. */
function reordered(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(reordered);
  const entries = Object.entries(value).map(([name, part]) => [name, reordered(part)] as const);
  return Object.fromEntries(entries.toReversed());
}

test("fields come in one order, however deep they lie, and items keep theirs", () => {
  const value = { b: [{ d: 1, c: 2 }, 3], a: null, "10": "x", "9": "y" };
  expect(canonicalJson(value)).toBe('{"9":"y","10":"x","a":null,"b":[{"c":2,"d":1},3]}');
});

test("what JSON leaves out is left out", () => {
  expect(canonicalJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
});

test("the order in which fields were written changes nothing, and nothing is lost", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(reordered(value))).toBe(text);
      // Through text, as JSON itself has one zero only.
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("different values have different texts", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 2 }), fc.jsonValue({ maxDepth: 2 }), (one, other) => {
      const isSame = canonicalJson(one) === canonicalJson(other);
      const parsed = [one, other].map((value) => JSON.parse(canonicalJson(value)) as unknown);
      if (isSame) expect(parsed[0]).toEqual(parsed[1]);
      else expect(parsed[0]).not.toEqual(parsed[1]);
    }),
  );
});
