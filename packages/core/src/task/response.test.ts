import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RECORD_BODY_BYTES_MAX, truncatedBody } from "./response.ts";

test("a body up to 10 KB stays in the record", () => {
  expect(RECORD_BODY_BYTES_MAX).toBe(10_240);
});

test("the stand-in names the size it had and the size that is kept", () => {
  expect(truncatedBody(20_490)).toEqual({
    _truncated: true,
    _original_size_kb: 20.01,
    _max_size_kb: 10,
    _message: "The response body (20.01 KB) is larger than 10 KB and is no longer kept whole",
  });
});

test("sizes are told in KB with two decimals at most, off by less than a hundredth", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), (bytes) => {
      const size = truncatedBody(bytes)._original_size_kb;
      expect(Math.abs(size - bytes / 1024)).toBeLessThanOrEqual(0.005 + 1e-9);
      expect(String(size)).toMatch(/^\d+(\.\d{1,2})?$/);
    }),
  );
});
