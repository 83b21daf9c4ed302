import { RECORD_BODY_BYTES_MAX } from "@orchestrator/core";
import { expect, test } from "vitest";
import { storedResponse } from "./stored-response.ts";

const text = { "content-type": "text/plain" };
const answered = (body: string, headers: Record<string, string | string[]> = text) =>
  storedResponse({ kind: "answered", status: 200, headers, body: Buffer.from(body) });

test("an attempt without an answer stores none", () => {
  expect(storedResponse(null)).toBeNull();
  const failed = { kind: "failed", error: new Error("reset"), wasSent: true, status: 200 } as const;
  expect(storedResponse(failed)).toBeNull();
});

test("a body of 10 KB stays in the record; a byte more, and it is kept beside it as JSON", () => {
  const small = "x".repeat(RECORD_BODY_BYTES_MAX);
  expect(answered(small)).toEqual({
    stored: { status: 200, headers: text, bodyBytes: small.length, body: small },
    wholeBody: null,
  });
  const large = `${small}x`;
  expect(answered(large)).toEqual({
    stored: { status: 200, headers: text, bodyBytes: large.length },
    wholeBody: JSON.stringify(large),
  });
});

test("an empty body is null in the record, not absent: absent means kept elsewhere", () => {
  expect(answered("")).toEqual({
    stored: { status: 200, headers: text, bodyBytes: 0, body: null },
    wholeBody: null,
  });
});

test("of the headers a record keeps five, and several values as one", () => {
  const kept = {
    "content-type": "application/json",
    "content-length": "2",
    location: "/elsewhere",
    "retry-after": "5",
    etag: '"1"',
  };
  expect(answered("{}", { ...kept, "set-cookie": ["a=1"], server: "x" })?.stored.headers).toEqual(
    kept,
  );
  expect(answered("{}", { etag: ["a", "b"] })?.stored.headers).toEqual({ etag: "a, b" });
});

test("of an answer that was too large status and headers are kept, and no body", () => {
  const headers = { ...text, "content-length": "99999999", server: "x" };
  expect(storedResponse({ kind: "too_large", status: 200, headers })).toEqual({
    stored: {
      status: 200,
      headers: { ...text, "content-length": "99999999" },
      bodyBytes: 0,
      body: null,
    },
    wholeBody: null,
  });
});
