import { expect, test } from "vitest";
import { prefersText } from "./prefers-text.ts";

test.each([
  [undefined, false],
  ["*/*", false],
  ["application/json", false],
  ["application/json, text/plain, */*", false],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false],
  ["text/plain;q=0", false],
  ["text/plain;q=what", false],
  ["text/plain", true],
  ["TEXT/PLAIN; version=0.0.4", true],
  ["text/plain, */*;q=0.1", true],
  ["application/json;q=0.2, text/plain;q=0.3", true],
  [
    "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
    true,
  ],
  [
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6," +
      "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.3",
    true,
  ],
])("Accept: %s prefers text: %s", (accept, expected) => {
  expect(prefersText(accept)).toBe(expected);
});
