import { expect, test } from "vitest";
import { z } from "zod";
import { ERROR_CODES, HTTP_STATUS_BY_ERROR_CODE } from "./error-codes.ts";
import { ErrorResponse, fieldIssues } from "./error-response.ts";

test("an issue names its field by a dotted path, array positions included", () => {
  const schema = z.object({ tasks: z.array(z.object({ name: z.string() })) });
  const { error } = schema.safeParse({ tasks: [{ name: "a" }, { name: 1 }] });
  expect(error && fieldIssues(error)).toEqual([
    { path: "tasks.1.name", message: expect.stringContaining("expected string") },
  ]);
});

test("an issue with the whole body has no path", () => {
  const { error } = z.object({}).safeParse("text");
  expect(error && fieldIssues(error)).toMatchObject([{ path: "" }]);
});

test("every refusal's code travels under a 4xx or 5xx status", () => {
  for (const code of ERROR_CODES) {
    expect(HTTP_STATUS_BY_ERROR_CODE[code]).toBeGreaterThanOrEqual(400);
    expect(HTTP_STATUS_BY_ERROR_CODE[code]).toBeLessThan(600);
  }
});

test("a refusal has one shape, whose codes come from a closed list", () => {
  const refusal = {
    status: "error",
    error: { code: "QUEUE_FULL", message: "Full", details: {} },
    trace_id: "t-1",
    timestamp: "2026-01-01T00:00:00.000Z",
  };
  expect(ErrorResponse.parse(refusal)).toEqual(refusal);
  const invented = { ...refusal, error: { ...refusal.error, code: "OOPS" } };
  expect(ErrorResponse.safeParse(invented).success).toBe(false);
});
