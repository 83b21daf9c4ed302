import { readdirSync } from "node:fs";
import type { Router } from "express";
import { expect, test } from "vitest";
import { requiredScope } from "./required-scope.ts";

/** What every endpoint of the service asks for. A route that is missing here fails the test below. */
const TABLE: Record<string, "public" | "read" | "submit" | "operate"> = {
  "GET /healthz/live": "public",
  "GET /healthz/ready": "public",
  "GET /health": "public",
  "GET /capabilities": "public",
  "GET /state": "public",
  "GET /dependencies": "public",
  "GET /info": "public",
  "GET /version": "public",
  "GET /message": "public",
  "GET /send": "public",
  "GET /openapi.json": "public",
  "GET /docs": "public",
  "GET /docs/start.js": "public",
  "GET /docs/swagger-ui.css": "public",
  "GET /docs/swagger-ui-bundle.js": "public",
  "POST /message": "public",
  "POST /heartbeat": "public",
  "POST /droplets/:id/heartbeat": "public",
  "GET /tasks": "read",
  "GET /tasks/:id": "read",
  "GET /tasks/events": "read",
  "GET /tasks/:id/events": "read",
  "GET /droplets": "read",
  "GET /droplets/:name": "read",
  "GET /messages": "read",
  "GET /metrics": "read",
  "POST /tasks": "submit",
  "POST /tasks/batch": "submit",
  "POST /tasks/:id/retry": "submit",
  "DELETE /tasks/:id": "submit",
  "POST /send": "submit",
  "POST /tasks/retry": "operate",
  "POST /droplets/:name/pause": "operate",
  "POST /droplets/:name/resume": "operate",
  "PUT /droplets/:name/limits": "operate",
  "POST /droplets/:name/circuit": "operate",
  "GET /admin": "operate",
  "GET /admin/audit": "operate",
  "GET /admin/tasks/:id": "operate",
};

/** The operator's page comes in many files, all of them for operators. */
const PAGE_FILE = /^GET \/admin\/page\//;

type MakeRoutes = (options: unknown) => Router;

/** Stands for whatever a router is given: it is built here, never asked. */
const hollow: object = new Proxy(() => hollow, { get: () => hollow, apply: () => hollow });

async function servedRoutes(): Promise<string[]> {
  const folder = new URL("../routes/", import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith("-routes.ts"));
  const modules: Record<string, unknown>[] = await Promise.all(
    files.map(async (name) => await import(new URL(name, folder).href)),
  );
  const makers = modules.flatMap((module) =>
    Object.entries(module)
      .filter(([name, value]) => name.endsWith("Routes") && typeof value === "function")
      .map(([, value]) => value as MakeRoutes),
  );
  expect(makers.length).toBeGreaterThanOrEqual(files.length);
  return makers.flatMap((make) => routesOf(make(hollow)));
}

function routesOf({ stack }: Router): string[] {
  return stack.flatMap(({ route }) =>
    (route?.stack ?? [])
      .filter(({ method }) => method)
      .flatMap(({ method }) =>
        [route?.path].flat().map((path) => `${method.toUpperCase()} ${String(path)}`),
      ),
  );
}

test("every route of the service has a decision, and no decision is about a route that is gone", async () => {
  const all = await servedRoutes();
  const served = new Set(all.filter((route) => !PAGE_FILE.test(route)));
  const decided = new Set(Object.keys(TABLE));
  expect([...served].filter((route) => !decided.has(route))).toEqual([]);
  expect([...decided].filter((route) => !served.has(route))).toEqual([]);
});

test.each(Object.entries(TABLE))("%s is for: %s", (route, whom) => {
  const [method = "", path = ""] = route.split(" ");
  const real = path.replaceAll(/:\w+/g, "some-name");
  expect(requiredScope(method, real) ?? "public").toBe(whom);
  // Looking at the head, or asking for the methods, is looking.
  if (method !== "GET") return;
  expect(requiredScope("HEAD", real) ?? "public").toBe(whom);
  expect(requiredScope("OPTIONS", real) ?? "public").toBe(whom);
});

test.each([
  ["GET", "/nowhere", "read"],
  ["GET", "/healthz", "read"],
  ["GET", "/info/more", "read"],
  ["GET", "/docsx", "read"],
  ["GET", "/administration", "read"],
  ["GET", "//admin", "read"],
  ["GET", "/admin", "operate"],
  ["GET", "/admin/queues", "operate"],
  ["GET", "/admin/queues/api/queues", "operate"],
  ["HEAD", "/admin/anything", "operate"],
  ["OPTIONS", "/admin", "operate"],
  ["POST", "/health", "operate"],
  ["POST", "/nowhere", "operate"],
  ["PUT", "/tasks", "submit"],
  ["PUT", "/tasks/7", "operate"],
  ["PATCH", "/tasks/7", "operate"],
  ["DELETE", "/tasks/7/events", "operate"],
  ["POST", "/tasks//retry", "operate"],
  ["POST", "/tasks/7/8/retry", "operate"],
  ["POST", "/droplets/a/b/heartbeat", "operate"],
  ["POST", "/message/x", "operate"],
  ["get", "/tasks", "submit"],
])("what nobody has opened stays closed: %s %s needs %s", (method, path, scope) => {
  expect(requiredScope(method, path)).toBe(scope);
});
