import { expect, it } from "vitest";
import { parseEndpoint } from "./parse-endpoint.ts";

it.each([
  ["http://localhost:8000", "http://localhost:8000", ""],
  ["http://localhost:8000/", "http://localhost:8000", ""],
  ["HTTP://LocalHost:80/", "http://localhost", ""],
  ["https://h.example/api/", "https://h.example/api", "/api"],
  ["https://h.example/api//", "https://h.example/api/", "/api/"],
  ["https://h.example/a/../b@c", "https://h.example/b@c", "/b@c"],
  ["http://[::1]:8000", "http://[::1]:8000", ""],
])("reads %s as %s", (text, endpoint, basePath) => {
  expect(parseEndpoint(text)).toEqual({
    kind: "endpoint",
    endpoint,
    basePath,
    origin: new URL(endpoint).origin,
  });
});

it.each([
  "",
  "localhost:8000",
  "ftp://h",
  "file:///etc/passwd",
  "http:h",
  "http:/h",
  "http://",
  "http:///h",
  "http://:8000",
  "http://h:99999",
  "http://a%2fb",
  "http://user:secret@h",
  "http://@h",
  "http://h/?",
  "http://h/?a=1",
  "http://h/#",
  "http://h?x",
  " http://h",
  "http://h\n",
  "http://h\\@evil.example",
  "http://h/\u0000",
  "http://h/\uD800",
  `http://h/${"a".repeat(2048)}`,
])("refuses %j and never repeats it in the reason", (text) => {
  const parsed = parseEndpoint(text);
  expect(parsed.kind).toBe("invalid");
  expect(JSON.stringify(parsed)).not.toContain("secret");
});

it("any number of endpoints is read, each the same every time", () => {
  const texts = Array.from({ length: 5000 }, (_, n) => `http://droplet-${n}.example/base/`);
  const once = texts.map((text) => parseEndpoint(text));
  expect(texts.map((text) => parseEndpoint(text))).toEqual(once);
  expect(once[4321]).toMatchObject({ endpoint: "http://droplet-4321.example/base" });
});
