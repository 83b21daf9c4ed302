import { expect, test } from "vitest";
import { redact } from "./redaction.ts";

test("secret names lose their value at any depth and in any spelling", () => {
  const value = {
    Authorization: "Bearer x",
    payload: [{ apiKey: "x", access_token: ["x"], deep: { "Set-Cookie": "x", user: "ann" } }],
  };
  expect(redact(value)).toEqual({
    Authorization: "[redacted]",
    payload: [
      {
        apiKey: "[redacted]",
        access_token: "[redacted]",
        deep: { "Set-Cookie": "[redacted]", user: "ann" },
      },
    ],
  });
});

test("the value itself is never changed", () => {
  const value = Object.freeze({ token: "x", list: Object.freeze([1]) });
  redact(value);
  expect(value).toEqual({ token: "x", list: [1] });
});

test("an absent secret is shown as absent", () => {
  expect(redact({ token: null, password: undefined })).toEqual({ token: null });
});

test("other names can be asked for", () => {
  expect(redact({ pin: 1234, token: "x" }, ["pin"])).toEqual({ pin: "[redacted]", token: "x" });
});

test("circles, huge values and long texts come to an end", () => {
  const circle: Record<string, unknown> = { name: "circle" };
  circle["self"] = circle;
  const huge = Array.from({ length: 200 }, () => Array.from({ length: 200 }, () => "x".repeat(9)));
  const text = JSON.stringify(redact({ circle, huge, long: "y".repeat(100_000) }));
  expect(text.length).toBeLessThan(30_000);
  expect(text).toContain("[truncated]");
});

test("a field called __proto__ cannot change the copy's prototype", () => {
  const copied = redact(JSON.parse('{"__proto__":{"polluted":true}}'));
  expect(copied).not.toHaveProperty("polluted");
});

test("an error is told with class, code, stack and causes, without the arguments of a Redis command", () => {
  const cause = Object.assign(new TypeError("inner"), {
    command: { name: "auth", args: ["hunter2"] },
  });
  const error = Object.assign(new Error("outer redis://:hunter2@h", { cause }), { code: "E1" });
  const described = redact(error);
  expect(described).toMatchObject({
    type: "Error",
    message: "outer redis://***@h",
    code: "E1",
    stack: expect.stringContaining("redaction.test.ts"),
    cause: { type: "TypeError", message: "inner", command: { name: "auth" } },
  });
  expect(JSON.stringify(described)).not.toContain("hunter2");
});

test("every error within an AggregateError is told", () => {
  const error = new AggregateError([new Error("one"), new Error("two")], "both failed");
  expect(redact(error)).toMatchObject({ errors: [{ message: "one" }, { message: "two" }] });
});

test("instances are named rather than copied, dates and bytes kept short", () => {
  const value = { set: new Set(["x"]), at: new Date(0), bytes: Buffer.from("secret"), big: 1n };
  expect(redact(value)).toEqual({
    set: "[Set]",
    at: "1970-01-01T00:00:00.000Z",
    bytes: "[6 bytes]",
    big: "1",
  });
});
