import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { registerSelf } from "./register-self.ts";

const SELF = { id: 2, publicUrl: "http://h:8001", version: "1.2.3" };

type Answers = Record<string, [status: number, body?: unknown]>;

/** Asks a Registry that answers as told, 404 to all else; gives what came of it and what it was asked. */
async function registerAt(answers: Answers, { timeoutMs = 5000 } = {}) {
  const asked: string[] = [];
  const bodies: unknown[] = [];
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const question = `${request.method} ${request.url}`;
    asked.push(question);
    bodies.push(body === "" ? null : JSON.parse(body));
    const [status, found = {}] = answers[question] ?? [404];
    if (status > 0) response.writeHead(status).end(JSON.stringify(found));
  }
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const registry = { url, configuredPath: null, timeoutMs, headers: {}, maxDroplets: 10 };
  const outcome = await registerSelf(registry, SELF, new AbortController().signal);
  server.closeAllConnections();
  server.close();
  return { outcome, asked, bodies };
}

test.each([200, 201])("%i to POST /register is all it takes", async (status) => {
  const { outcome, asked, bodies } = await registerAt({ "POST /register": [status] });
  expect(outcome).toEqual({ kind: "registered", via: "POST /register" });
  expect(asked).toEqual(["POST /register"]);
  expect(bodies).toEqual([
    {
      id: 2,
      name: "orchestrator",
      url: "http://h:8001",
      endpoint: "http://h:8001",
      version: "1.2.3",
    },
  ]);
});

test.each<[string, unknown]>([
  ["a bare entry", { id: 10, name: "orchestrator" }],
  ["an entry in `droplet`", { droplet: { id: 10, name: "orchestrator" }, timestamp: "now" }],
  [
    "an entry in an envelope with an id of its own",
    { id: "msg-1", payload: { droplet: { id: 10 } } },
  ],
  ["an id as text", { data: { id: "10" } }],
])("a taken name is looked up and updated, found in %s", async (_, found) => {
  const { outcome, asked } = await registerAt({
    "POST /register": [409],
    "GET /droplets/name/orchestrator": [200, found],
    "PATCH /droplets/10": [204],
  });
  expect(outcome).toEqual({ kind: "registered", via: "PATCH /droplets" });
  expect(asked).toHaveLength(3);
});

test.each<[string, Answers]>([
  ["cannot be looked up", {}],
  ["has no id", { "GET /droplets/name/orchestrator": [200, { name: "orchestrator" }] }],
  ["cannot be changed", { "GET /droplets/name/orchestrator": [200, { id: 10 }] }],
])("an entry that %s leaves POST /registry/register", async (_, answers) => {
  const { outcome, asked } = await registerAt({
    "POST /register": [409],
    "POST /registry/register": [201],
    ...answers,
  });
  expect(outcome).toEqual({ kind: "registered", via: "POST /registry/register" });
  expect(asked.at(-1)).toBe("POST /registry/register");
});

test("a Registry that says no every way is a refusal that tells them all", async () => {
  const { outcome } = await registerAt({ "POST /register": [405] });
  expect(outcome).toEqual({
    kind: "refused",
    reason: "POST /register: 405; POST /registry/register: 404",
  });
});

test("a Registry that hangs is not asked a second time", async () => {
  const { outcome, asked } = await registerAt({ "POST /register": [0] }, { timeoutMs: 50.5 });
  expect(outcome).toEqual({
    kind: "unreachable",
    reason: "POST /register: did not answer within 0.0505 s",
  });
  expect(asked).toEqual(["POST /register"]);
});

test("nobody there is told by the code of the failure", async () => {
  const registry = {
    url: "http://localhost:9",
    configuredPath: null,
    timeoutMs: 1000,
    headers: {},
    maxDroplets: 10,
  };
  const outcome = await registerSelf(registry, SELF, new AbortController().signal);
  expect(outcome).toMatchObject({ kind: "unreachable" });
  expect(outcome.kind === "unreachable" && outcome.reason).toContain("ECONNREFUSED");
});
