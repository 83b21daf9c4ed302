import { ERROR_CODES, ErrorResponse, HTTP_STATUS_BY_ERROR_CODE } from "@orchestrator/contract";
import { expect, test } from "vitest";
import { methodNotAllowed } from "./answer-errors.ts";
import { Refusal } from "./refusal.ts";
import { serveApp } from "./testing/serve-app.ts";

/** What a caller hears, and what is logged, when a route throws. */
async function answerTo(error: unknown) {
  await using app = await serveApp((routes) => {
    routes.get("/", () => {
      throw error;
    });
  });
  return { ...(await app.ask({ headers: { "x-trace-id": "t-1" } })), logged: app.logged };
}

test.each(ERROR_CODES)(
  "%s is answered in the contract's one shape, under its status",
  async (code) => {
    const { status, json, headers } = await answerTo(new Refusal(code, "Not so", { a: 1 }));
    expect(status).toBe(HTTP_STATUS_BY_ERROR_CODE[code]);
    expect(headers["content-type"]).toBe("application/json; charset=utf-8");
    const { timestamp, ...rest } = ErrorResponse.parse(json);
    expect(rest).toEqual({
      status: "error",
      error: { code, message: "Not so", details: { a: 1 } },
      trace_id: "t-1",
    });
    expect(Math.abs(Date.now() - Date.parse(timestamp))).toBeLessThan(10_000);
  },
);

test("a refusal that may pass says when to come again, and is not logged as our trouble", async () => {
  const full = new Refusal("QUEUE_FULL", "Full", {}, { retryAfterS: 7, headers: { "X-A": "b" } });
  const { headers, logged } = await answerTo(full);
  expect(headers).toMatchObject({ "retry-after": "7", "x-a": "b" });
  expect(logged).toEqual([]);
  const { headers: without } = await answerTo(new Refusal("QUEUE_FULL", "Full"));
  expect(without).not.toHaveProperty("retry-after");
});

test.each([
  new Error("secret: password=hunter2"),
  new TypeError("x is not a function"),
  "a string",
  undefined,
  null,
  { code: "NOT_A_REFUSAL", details: { secret: true } },
])("a bug, thrown as %j, is answered without detail and logged whole", async (bug) => {
  const { status, json, text, logged } = await answerTo(bug ?? new Error("nothing"));
  expect(status).toBe(500);
  expect(json).toMatchObject({
    error: { code: "INTERNAL_ERROR", message: "Internal error", details: {} },
  });
  expect(text).not.toMatch(/secret|hunter2|stack|not a function|node_modules/);
  expect(logged).toMatchObject([
    { level: "error", event: "request.crashed", trace_id: "t-1", method: "GET", url: "/" },
  ]);
  if (bug instanceof Error) expect(JSON.stringify(logged)).toContain("answer-errors.test");
});

test("Redis away is 503, to be tried again soon, and its cause is in the log", async () => {
  const trouble = new Error("Stream isn't writeable and enableOfflineQueue options is false");
  const { status, json, headers, text, logged } = await answerTo(trouble);
  expect(status).toBe(503);
  expect(json).toMatchObject({ error: { code: "QUEUE_UNAVAILABLE" } });
  expect(headers["retry-after"]).toBe("2");
  expect(text).not.toContain("enableOfflineQueue");
  expect(logged).toMatchObject([{ level: "warn", event: "request.refused", trace_id: "t-1" }]);
  expect(JSON.stringify(logged)).toContain("enableOfflineQueue");
});

test("a path that cannot be decoded is the caller's mistake", async () => {
  await using app = await serveApp((routes) => {
    routes.get("/tasks/:id", (_request, response) => response.json({}));
  });
  const { status, json } = await app.ask({ path: "/tasks/%E0%A4%A" });
  expect(status).toBe(400);
  expect(json).toMatchObject({
    error: { code: "INVALID_REQUEST", message: "The URL is malformed" },
  });
  expect(app.logged).toEqual([]);
});

test("a method that is not offered is refused with those that are", async () => {
  await using app = await serveApp((routes) => routes.all("/", methodNotAllowed("GET", "DELETE")));
  const { status, json, headers } = await app.ask({ method: "PATCH" });
  expect(status).toBe(405);
  expect(headers["allow"]).toBe("GET, DELETE");
  expect(json).toMatchObject({
    error: { code: "METHOD_NOT_ALLOWED", details: { allowed: ["GET", "DELETE"] } },
  });
});

test("where nothing is, the answer names the path, cut to a bearable length", async () => {
  await using app = await serveApp(() => {});
  const { status, json } = await app.ask({ path: "/nowhere?secret=1" });
  expect(status).toBe(404);
  expect(json).toMatchObject({
    error: { code: "NOT_FOUND", message: "There is nothing at /nowhere" },
  });
  const { json: long } = await app.ask({ path: `/${"x".repeat(5000)}` });
  expect(ErrorResponse.parse(long).error.message.length).toBeLessThan(300);
});

test("an answer that broke off half-way is not continued with an error", async () => {
  await using app = await serveApp((routes) => {
    routes.get("/", (_request, response) => {
      response.status(200).write("half");
      throw new Error("too late");
    });
  });
  await expect(app.ask()).rejects.toThrow();
});
