import { expect, it } from "vitest";
import { baseUrl } from "./base-url.ts";
import { readRetryAfterMs } from "./read-answer.ts";
import { randomId } from "./random-id.ts";

it.each([
  ["http://host:8001", "http://host:8001/orchestrator"],
  ["http://host:8001/", "http://host:8001/orchestrator"],
  ["https://mesh.example/orchestrator/", "https://mesh.example/orchestrator"],
  ["https://mesh.example/tools/orc", "https://mesh.example/tools/orc"],
])("%s means %s", (text, base) => {
  expect(baseUrl(text).href).toBe(base);
});

it.each(["", "host:8001", "ftp://host", "http://user:hunter2@host"])("refuses %j", (text) => {
  expect(() => baseUrl(text)).toThrow(TypeError);
  expect(() => baseUrl(text)).not.toThrow("hunter2");
});

it.each([
  [null, null],
  ["3", 3000],
  ["soon", null],
  ["Thu, 01 Jan 1970 00:00:05 GMT", 4000],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
])("Retry-After %j at 1 s is %j ms", (value, ms) => {
  expect(readRetryAfterMs(value, 1000)).toBe(ms);
});

it("makes ids of version 4, each another one", () => {
  const ids = Array.from({ length: 100 }, randomId);
  expect(new Set(ids).size).toBe(100);
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  for (const id of ids) expect(id).toMatch(uuid);
});
