import type { RequestHandler } from "express";
import { expect, test } from "vitest";
import { inSequence } from "./in-sequence.ts";
import { Refusal } from "./refusal.ts";
import { serveApp } from "./testing/serve-app.ts";

const refusal = new Refusal("OVERLOADED", "Not now");
const later: RequestHandler = (_request, _response, next) => void setImmediate(next);

test.each<[string, RequestHandler]>([
  [
    "throws",
    () => {
      throw refusal;
    },
  ],
  ["hands on", (_request, _response, next) => next(refusal)],
])(
  "what a handler %s is answered, at once or later, and none after it is asked",
  async (_, fails) => {
    for (const before of [[], [later]]) {
      let wasAsked = false;
      const after: RequestHandler = () => void (wasAsked = true);
      await using app = await serveApp((routes) =>
        routes.use(inSequence([...before, fails, after])),
      );
      expect(await app.ask()).toMatchObject({
        status: 503,
        json: { error: { code: "OVERLOADED" } },
      });
      expect(wasAsked).toBe(false);
    }
  },
);

test("each is asked in its turn, then whatever comes after them", async () => {
  const asked: number[] = [];
  const note =
    (n: number): RequestHandler =>
    (_request, _response, next) => (asked.push(n), next());
  await using app = await serveApp((routes) => {
    routes.use(inSequence([note(1), later, note(2)]));
    routes.get("/", (_request, response) => void response.json({ asked }));
  });
  expect(await app.ask()).toMatchObject({ status: 200, json: { asked: [1, 2] } });
});
