import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fieldIssues } from "./error-response.ts";
import { TaskHeaders } from "./task-headers.ts";
import { TaskRequest } from "./task-request.ts";

function complaints(headers: unknown): string[] {
  const parsed = TaskHeaders.safeParse(headers);
  return parsed.success
    ? []
    : fieldIssues(parsed.error).map(({ path, message }) => `${path}: ${message}`);
}
const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, "v"]));

test("a caller's own headers are kept in the caller's spelling", () => {
  const headers = {
    Authorization: "Bearer secret",
    "X-Custom_1": "tab\tand Latin-1 é",
    Accept: "",
    "Content-Type": "text/csv",
    "!#$%&'*+-.^_`|~": "every character a token may have",
  };
  expect(TaskHeaders.parse(headers)).toEqual(headers);
});

test.each([
  "Connection",
  "keep-alive",
  "Proxy-Authenticate",
  "Proxy-Authorization",
  "Proxy-Connection",
  "TE",
  "Trailer",
  "Transfer-Encoding",
  "Upgrade",
  "Expect",
  "Host",
  "Content-Length",
  "X-Task-Id",
  "X-Trace-ID",
  "traceparent",
  "tracestate",
  "Idempotency-Key",
  "X-Attempt",
  "X-Request-Deadline",
  "X-Orchestrator-Hops",
  "User-Agent",
])("%s is not the caller's to set, however it is spelled", (name) => {
  for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
    expect(complaints({ [spelling]: "x" })).toEqual([
      `${spelling}: is set by the orchestrator or the connection`,
    ]);
  }
});

test.each(["", " ", "a b", "a:", "a\n", "ä", "a\u0000", '"a"', "a(b)", "x".repeat(257)])(
  "%j is no name of a header",
  (name) => {
    expect(complaints({ [name]: "x" })).toEqual([`${name}: is not a valid header name`]);
  },
);

test.each(["a\r\nX-Forged: 1", "a\n", "\u0000", "\u007f", "€", "\u{1f600}"])(
  "%j is no value of a header: it could split or forge one",
  (value) => {
    expect(complaints({ "x-a": value })).toEqual([
      "x-a: value holds characters a header cannot carry",
    ]);
  },
);

test("64 headers of 8,192 characters are taken, and not one more", () => {
  expect(complaints({ ["x".repeat(256)]: "v".repeat(8192) })).toEqual([]);
  expect(complaints({ "x-a": "v".repeat(8193) })).toEqual([
    "x-a: value is longer than 8192 characters",
  ]);
  expect(complaints(many(64))).toEqual([]);
  expect(complaints(many(65))).toEqual([": at most 64 headers"]);
});

test("a header that is wrong is named below `headers`", () => {
  const parsed = TaskRequest.safeParse({
    droplet_name: "echo",
    path: "/",
    headers: { ok: "1", Host: "evil", "x-number": 1 },
  });
  const issues = parsed.error ? fieldIssues(parsed.error) : [];
  expect(issues.map(({ path }) => path)).toContain("headers.x-number");
  const forged = TaskRequest.safeParse({
    droplet_name: "echo",
    path: "/",
    headers: { ok: "1", Host: "evil", "a b": "x" },
  });
  const forgedIssues = forged.error ? fieldIssues(forged.error) : [];
  expect(forgedIssues.map(({ path }) => path)).toEqual(["headers.Host", "headers.a b"]);
});

test("whatever is taken can be written into one header line", () => {
  const name = fc.oneof(fc.string(), fc.constantFrom("x-a", "Accept", "host"));
  const value = fc.oneof(fc.string(), fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(name, value, (someName, someValue) => {
      const taken = TaskHeaders.safeParse({ [someName]: someValue }).data ?? {};
      // The platform's own judgement of what a header may be.
      const written = [...new Headers(taken).keys()];
      expect(written).toEqual(Object.keys(taken).map((one) => one.toLowerCase()));
    }),
    { numRuns: 200 },
  );
});
