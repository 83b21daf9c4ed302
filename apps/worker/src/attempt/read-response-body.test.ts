import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readResponseBody } from "./read-response-body.ts";

const json = { "content-type": "application/json" };
const read = (body: string | Buffer, headers: Record<string, string> = json): unknown =>
  readResponseBody(Buffer.from(body), headers);
const asBytes = (body: Buffer, contentType: string | null) => ({
  _base64: body.toString("base64"),
  _content_type: contentType,
});

describe("JSON", () => {
  test("of any kind is kept as the value it is", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        expect(read(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each([
    "application/json",
    "application/json; charset=utf-8",
    "Application/JSON;charset=UTF-8",
    "application/problem+json",
    "application/vnd.api+json; v=1",
    "text/json",
  ])("is known by its type %s", (type) => {
    expect(read('{"a":[1]}', { "content-type": type })).toEqual({ a: [1] });
  });

  test("needs no type at all, and what turns out to be something else is text", () => {
    expect(read("[1, 2]", {})).toEqual([1, 2]);
    expect(read("just words", {})).toBe("just words");
  });

  test("that is none is kept as text: more useful than an error", () => {
    expect(read("<html>oops</html>")).toBe("<html>oops</html>");
    expect(read('{"cut":')).toBe('{"cut":');
  });

  test("may begin with a byte order mark", () => {
    expect(read(Buffer.from("\uFEFF[1]"))).toEqual([1]);
  });

  test.each([
    ["[", "]"],
    ['{"a":', "}"],
    ['[{"a":', "}]"],
  ])("nested 256 deep with %s is a value, and deeper it is text", (open, close) => {
    const levels = open.length === 6 ? 2 : 1;
    const nested = (depth: number) =>
      `${open.repeat(depth / levels)}1${close.repeat(depth / levels)}`;
    expect(read(nested(256))).toEqual(JSON.parse(nested(256)));
    expect(read(nested(256 + levels))).toBe(nested(256 + levels));
  });

  test("nested a million deep does no harm", () => {
    const text = "[".repeat(1_000_000);
    expect(read(text)).toBe(text);
  });

  test("is not deep because of brackets in its strings or side by side", () => {
    const text = JSON.stringify({
      a: '["\\'.repeat(500),
      b: Array.from({ length: 500 }, () => []),
    });
    expect(read(text)).toEqual(JSON.parse(text));
  });

  test("with a field named __proto__ changes nothing but that field", () => {
    const value = read('{"__proto__":{"polluted":true}}');
    expect(JSON.stringify(value)).toBe('{"__proto__":{"polluted":true}}');
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("text", () => {
  test.each([
    "text/plain",
    "text/html; charset=utf-8",
    "text/csv",
    "application/xml",
    "application/atom+xml",
    "image/svg+xml",
    "application/yaml",
    "application/x-www-form-urlencoded",
    "application/javascript",
    "application/graphql",
  ])("of type %s is a string, even where it looks like JSON", (type) => {
    expect(read("[1] ü", { "content-type": type })).toBe("[1] ü");
  });

  test.each([
    ["iso-8859-1", [0x63, 0x61, 0x66, 0xe9], "café"],
    ['"latin1"', [0xe9], "é"],
    ["windows-1252", [0x80], "€"],
    ["utf-16le", [0x41, 0x00], "A"],
    ["UTF-8", [0xc3, 0xa9], "é"],
  ])("is read in the charset that is named: %s", (charset, bytes, text) => {
    expect(read(Buffer.from(bytes), { "content-type": `text/plain; charset=${charset}` })).toBe(
      text,
    );
  });
});

describe("bytes", () => {
  const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x00, 0xff]);

  test.each(["image/png", "application/octet-stream", "application/pdf", "nonsense"])(
    "of type %s are kept as base64, with their type",
    (type) => {
      expect(read(png, { "content-type": type })).toEqual(asBytes(png, type));
      expect(read("text", { "content-type": type })).toEqual(asBytes(Buffer.from("text"), type));
    },
  );

  test("that are no valid UTF-8 are kept as they are, whatever the droplet calls them", () => {
    for (const type of ["application/json", "text/plain", "text/plain; charset=utf-8"]) {
      expect(read(png, { "content-type": type })).toEqual(asBytes(png, type));
    }
    expect(read(png, {})).toEqual(asBytes(png, null));
  });

  test("in a charset nobody knows are kept as they are", () => {
    const type = "text/plain; charset=klingon";
    expect(read("abc", { "content-type": type })).toEqual(asBytes(Buffer.from("abc"), type));
  });

  test("that are compressed stay compressed: nobody asked for it", () => {
    const body = gzipSync('{"a":1}');
    for (const encoding of ["gzip", "br", "GZIP"]) {
      const headers = { ...json, "content-encoding": encoding };
      expect(read(body, headers)).toEqual(asBytes(body, "application/json"));
    }
    const unknown = { ...json, "content-encoding": "rot13" };
    expect(read("[1]", unknown)).toEqual(asBytes(Buffer.from("[1]"), "application/json"));
    expect(read("[1]", { ...json, "content-encoding": "identity" })).toEqual([1]);
  });

  test("come back whole from the record", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        const kept = read(Buffer.from(bytes), { "content-type": "image/png" });
        const { _base64 } = kept as { _base64: string };
        expect(Buffer.from(_base64, "base64").equals(bytes)).toBe(true);
      }),
    );
  });
});

test.each([json, {}, { "content-type": "image/png" }, { "content-encoding": "gzip" }])(
  "an empty body is null, whatever it is called: %j",
  (headers) => {
    expect(read("", headers as Record<string, string>)).toBeNull();
  },
);
