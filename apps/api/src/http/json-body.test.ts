import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { jsonBody } from "./json-body.ts";
import { serveApp, type Asked } from "./testing/serve-app.ts";

const BYTES_MAX = 1000;
const JSON_TYPE = { "content-type": "application/json" };

/** What a route is given of a body: `{"body":…}`, without the field when there was none. */
async function post(asked: Asked) {
  await using app = await serveApp((routes) => {
    routes.use(jsonBody(BYTES_MAX));
    routes.use("/", (request, response) => {
      response.json({ body: request.body as unknown });
    });
  });
  const { status, json } = await app.ask({ method: "POST", ...asked });
  return { status, json };
}
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const refused = (status: number, code: string, details: unknown = expect.anything()) => ({
  status,
  json: { status: "error", error: { code, details } },
});

test.each([
  "application/json",
  "application/json; charset=utf-8",
  "APPLICATION/JSON",
  "application/problem+json",
  "application/vnd.api.v1+json",
])("a body of type %s is JSON", async (type) => {
  const asked = { headers: { "content-type": type }, body: '{"a":1}' };
  expect(await post(asked)).toEqual({ status: 200, json: { body: { a: 1 } } });
});

test.each([{}, { "transfer-encoding": "chunked" }])(
  "a byte order mark, and text of several bytes a character, are read as JSON, sent with %j",
  async (headers) => {
    const body = '\uFEFF{"a":"ä€😀"}';
    expect(await post({ headers: { ...JSON_TYPE, ...headers }, body })).toEqual({
      status: 200,
      json: { body: { a: "ä€😀" } },
    });
  },
);

test("a body without a type is JSON", async () => {
  expect(await post({ body: '{"a":1}' })).toEqual({ status: 200, json: { body: { a: 1 } } });
});

test.each(["null", "0", '"text"', "false", "[]"])("a body of %s is JSON as well", async (body) => {
  expect(await post({ headers: JSON_TYPE, body })).toEqual({
    status: 200,
    json: { body: JSON.parse(body) as unknown },
  });
});

test.each([
  "text/plain",
  "text/json",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/xml",
  "application/jsonp",
  "application/json-seq",
  "json",
])("a body of type %s is refused, and the type named", async (type) => {
  const bare = type.split(";", 1)[0];
  for (const body of ["{}", ["{", "}"]]) {
    expect(await post({ headers: { "content-type": type }, body })).toMatchObject(
      refused(415, "UNSUPPORTED_MEDIA_TYPE", { content_type: bare }),
    );
  }
});

test("a type without a body is nobody's concern", async () => {
  const headers = { "content-type": "text/plain" };
  expect(await post({ method: "GET", headers })).toEqual({ status: 200, json: {} });
  expect(await post({ headers: { ...headers, "content-length": "0" } })).toMatchObject({
    status: 200,
  });
});

test.each(['{"a":', "{a:1}", "{} {}", "undefined", "\u0000", "'a'"])(
  "%j is not valid JSON, and the answer says so",
  async (body) => {
    expect(await post({ headers: JSON_TYPE, body })).toMatchObject(
      refused(400, "INVALID_REQUEST", { issues: [{ path: "", message: expect.any(String) }] }),
    );
  },
);

test("a body of BODY_MAX is taken, and not a byte more, in one piece or in chunks", async () => {
  const body = JSON.stringify("x".repeat(BYTES_MAX - 2));
  expect(await post({ headers: JSON_TYPE, body })).toMatchObject({ status: 200 });
  expect(await post({ headers: JSON_TYPE, body: [body] })).toMatchObject({ status: 200 });
  const tooLarge = refused(413, "PAYLOAD_TOO_LARGE", { limit_bytes: BYTES_MAX });
  expect(await post({ headers: JSON_TYPE, body: ` ${body}` })).toMatchObject(tooLarge);
  expect(await post({ headers: JSON_TYPE, body: [" ", body] })).toMatchObject(tooLarge);
});

test("a compressed body is read, and counts by what it holds", async () => {
  const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
  expect(await post({ headers, body: gzipSync('{"a":1}') })).toMatchObject({
    status: 200,
    json: { body: { a: 1 } },
  });
  const bomb = gzipSync(JSON.stringify("x".repeat(1_000_000)));
  expect(await post({ headers, body: [bomb] })).toMatchObject(refused(413, "PAYLOAD_TOO_LARGE"));
});

test("an encoding or charset that nobody reads is refused", async () => {
  const zipped = { ...JSON_TYPE, "content-encoding": "zip" };
  expect(await post({ headers: zipped, body: "{}" })).toMatchObject(
    refused(415, "UNSUPPORTED_MEDIA_TYPE"),
  );
  const latin = { "content-type": "application/json; charset=latin1" };
  expect(await post({ headers: latin, body: "{}" })).toMatchObject(
    refused(415, "UNSUPPORTED_MEDIA_TYPE"),
  );
});

test("a body that only claims to be compressed is the caller's mistake", async () => {
  const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
  const half = gzipSync('{"a":1}').subarray(0, 12);
  for (const body of ["{}", half]) {
    expect(await post({ headers, body })).toMatchObject(refused(400, "INVALID_REQUEST"));
  }
});

test("a body may nest 256 levels deep, and not one more", async () => {
  expect(await post({ headers: JSON_TYPE, body: nested(256) })).toMatchObject({ status: 200 });
  expect(await post({ headers: JSON_TYPE, body: nested(257) })).toMatchObject(
    refused(400, "INVALID_REQUEST", { issues: [{ path: "", message: expect.any(String) }] }),
  );
});
