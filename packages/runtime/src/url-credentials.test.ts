import { expect, test } from "vitest";
import { scrubUrlCredentials } from "./url-credentials.ts";

test.each([
  ["redis://:hunter2@cache:6379/0", "redis://***@cache:6379/0"],
  ["connect to https://user:p@ss@host/x failed", "connect to https://***@host/x failed"],
  ["http://a/b?token=abc&limit=1", "http://a/b?token=***&limit=1"],
  [
    "redis-sentinel://h:1/m?sentinelPassword=abc#frag",
    "redis-sentinel://h:1/m?sentinelPassword=***#frag",
  ],
])("credentials in %s are scrubbed", (text, scrubbed) => {
  expect(scrubUrlCredentials(text)).toBe(scrubbed);
});

test("text without credentials stays as it is, mail addresses included", () => {
  const text = "see http://host/path?limit=1 or write to someone@example.org";
  expect(scrubUrlCredentials(text)).toBe(text);
});

test("a scrubbed JSON line is still JSON", () => {
  const line = JSON.stringify({ url: "http://u:p@h/?secret=x", other: 'a "quoted" http://x:y@z' });
  expect(JSON.parse(scrubUrlCredentials(line))).toEqual({
    url: "http://***@h/?secret=***",
    other: 'a "quoted" http://***@z',
  });
});

test("hostile text is scrubbed in linear time", () => {
  const startedAt = performance.now();
  scrubUrlCredentials(
    `${"://".repeat(100_000)}${"?token".repeat(100_000)}=@${"a".repeat(500_000)}`,
  );
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
