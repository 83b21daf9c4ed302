import { expect, test } from "vitest";
import { serveApp } from "./testing/serve-app.ts";
import { traceIdOfResponse, traceparentOf } from "./trace-id.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The trace id a route sees, the traceparent it may continue, and both headers of the answer. */
async function ask(headers: Record<string, string>) {
  await using app = await serveApp((routes) => {
    routes.get("/", (request, response) => {
      response.json({ id: traceIdOfResponse(response), traceparent: traceparentOf(request) });
    });
  });
  const { json, headers: answered } = await app.ask({ headers });
  const seen = json as { id: string; traceparent: string | null };
  return { ...seen, answered: [answered["x-trace-id"], answered["x-request-id"]] };
}

test.each([
  [{ traceparent: TRACEPARENT, "x-trace-id": "a", "x-request-id": "b" }, TRACE],
  [{ traceparent: "nonsense", "x-trace-id": "a", "x-request-id": "b" }, "a"],
  [{ "x-trace-id": "a", "x-request-id": "b" }, "a"],
  [{ "x-trace-id": "no spaces", "x-request-id": "b" }, "b"],
  [{ "x-request-id": "b" }, "b"],
  [{ "x-trace-id": "x".repeat(128) }, "x".repeat(128)],
  [{ "x-trace-id": "A-z.0_9:" }, "A-z.0_9:"],
])(
  "of %j the first that is well formed is the trace id, in the answer as well",
  async (headers, id) => {
    const traced = await ask(headers);
    expect(traced).toMatchObject({ id, answered: [id, id] });
  },
);

test.each([{}, { "x-trace-id": "x".repeat(129) }, { "x-trace-id": 'a"b' }, { "x-request-id": "" }])(
  "of %j none is well formed: the trace id is a new UUID",
  async (headers) => {
    const [first, second] = [await ask(headers), await ask(headers)];
    expect(first.id).toMatch(UUID);
    expect(first.answered).toEqual([first.id, first.id]);
    expect(second.id).not.toBe(first.id);
  },
);

test("only a traceparent that can be continued is kept for the droplet", async () => {
  expect((await ask({ traceparent: TRACEPARENT })).traceparent).toBe(TRACEPARENT);
  expect((await ask({ traceparent: `00-${TRACE}-0000000000000000-01` })).traceparent).toBeNull();
  expect((await ask({})).traceparent).toBeNull();
});
