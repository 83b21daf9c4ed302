import { afterEach, beforeEach, expect, test } from "vitest";
import { createRegistry } from "./registry.ts";
import { serveLocally } from "./testing/serve-locally.ts";

const echo = { id: 10, name: "echo", endpoint: "http://127.0.0.1:8010", status: "active" };

let registry: Awaited<ReturnType<typeof serveLocally>>;

beforeEach(async () => {
  registry = await serveLocally(createRegistry([echo]));
});

afterEach(async () => {
  await registry[Symbol.asyncDispose]();
});

async function call(path: string, method = "GET", body?: unknown) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(registry.base + path, { method, ...sent });
  return { status: response.status, body: await response.json() };
}

test("the Registry is healthy and lists its droplets", async () => {
  expect(await call("/health")).toEqual({ status: 200, body: { status: "ok" } });
  expect(await call("/droplets/")).toEqual({ status: 200, body: { droplets: [echo] } });
});

test("a droplet that registers is listed, and found under its name whatever the case", async () => {
  const self = { id: 2, name: "orchestrator", url: "http://127.0.0.1:8001", version: "2.0.0" };
  const registered = await call("/register", "POST", self);
  expect(registered).toMatchObject({ status: 201, body: { ...self, endpoint: self.url } });
  expect(await call("/droplets/name/Orchestrator")).toMatchObject({ status: 200, body: self });
  const { body } = await call("/droplets");
  expect(body).toMatchObject({ droplets: [echo, { id: 2, name: "orchestrator" }] });
});

test("registering again under the same name updates the entry and keeps its id", async () => {
  await call("/register", "POST", { name: "ECHO", endpoint: "http://127.0.0.1:9999" });
  const { body } = await call("/droplets");
  expect(body).toMatchObject({ droplets: [{ id: 10, endpoint: "http://127.0.0.1:9999" }] });
});

test("a droplet without an id gets one", async () => {
  const registration = { name: "new", endpoint: "http://127.0.0.1:9000" };
  expect(await call("/register", "POST", registration)).toMatchObject({ body: { id: 100 } });
});

test("a registration without a name or an address is refused", async () => {
  expect(await call("/register", "POST", { name: "new" })).toMatchObject({ status: 400 });
  expect(await call("/register", "POST", { url: "http://x" })).toMatchObject({ status: 400 });
});

test("a droplet can be removed by name", async () => {
  expect(await call("/droplets/echo", "DELETE")).toMatchObject({ status: 200 });
  expect(await call("/droplets")).toEqual({ status: 200, body: { droplets: [] } });
  expect(await call("/droplets/echo", "DELETE")).toMatchObject({ status: 404 });
});
