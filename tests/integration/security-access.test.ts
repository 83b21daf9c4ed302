import { describe, expect, test } from "vitest";
import { refusalOf, submit, submitAndWait } from "../support/api-client.ts";
import { echo, startDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import type { Service } from "../support/service.ts";
import { waitFor } from "../support/wait-for.ts";

const KEYS = {
  reader: "reader-key-0123456789",
  submitter: "submitter-key-0123456789",
  operator: "operator-key-0123456789",
  other: "other-key-0123456789",
};
const PASSWORD = "operators-own-password";
type Who = keyof typeof KEYS | "password" | "nobody";

const API_KEYS = [
  `reader:read:${KEYS.reader}`,
  `submitter:read+submit:${KEYS.submitter}`,
  `ops-bot:operate:${KEYS.operator}`,
  `other:submit:${KEYS.other}`,
].join();
// The harness looks at the list of droplets before any test: nobody's key is needed for what it starts itself.
const shared = shareOrchestrator({
  droplets: [],
  workers: 1,
  apiEnv: { API_KEYS, OPERATOR_PASSWORD: PASSWORD },
});

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

function as(who: Who): Record<string, string> {
  if (who === "nobody") return {};
  if (who === "password") return { authorization: basic(`operator:${PASSWORD}`) };
  return { authorization: `Bearer ${KEYS[who]}` };
}

const allLogs = (...services: Service[]): string =>
  services.flatMap(({ logs }) => logs.lines.map((line) => JSON.stringify(line))).join("\n");

const ID = "550e8400-e29b-41d4-a716-446655440000";
const ENDPOINTS: [need: "read" | "submit" | "operate", method: string, path: string][] = [
  ["read", "GET", "/tasks"],
  ["read", "HEAD", "/tasks"],
  ["read", "OPTIONS", "/tasks"],
  ["read", "GET", `/tasks/${ID}`],
  ["read", "GET", `/tasks/${ID}/events`],
  ["read", "GET", "/droplets"],
  ["read", "GET", "/messages"],
  ["read", "GET", "/metrics"],
  ["submit", "POST", "/tasks"],
  ["submit", "POST", "/tasks?dry_run=true"],
  ["submit", "POST", "/tasks/batch"],
  ["submit", "POST", "/send"],
  ["submit", "DELETE", `/tasks/${ID}`],
  ["submit", "POST", `/tasks/${ID}/retry`],
  ["operate", "POST", "/tasks/retry"],
  ["operate", "POST", "/droplets/nowhere/pause"],
  ["operate", "PUT", "/droplets/nowhere/limits"],
  ["operate", "GET", "/admin/queues"],
  ["operate", "GET", "/admin/audit"],
  ["operate", "GET", "/admin"],
];
const SCOPES: Record<Exclude<Who, "nobody">, string[]> = {
  reader: ["read"],
  submitter: ["read", "submit"],
  operator: ["operate"],
  other: ["submit"],
  password: ["read", "submit", "operate"],
};

describe.each(["/orchestrator", ""])("under '%s'", (prefix) => {
  test.concurrent.for(ENDPOINTS)(
    "%s is what it takes for %s %s",
    async ([need, method, path], { expect: the }) => {
      for (const [who, scopes] of Object.entries(SCOPES)) {
        const headers = as(who as Who);
        const { status } = await send(shared.api, prefix + path, { method, headers });
        the([who, status === 401 || status === 403]).toEqual([who, !scopes.includes(need)]);
      }
      const anonymous = await send(shared.api, prefix + path, { method });
      the(anonymous.status).toBe(401);
      the(anonymous.headers["www-authenticate"]).toMatch(
        need === "operate" ? /^Basic / : /^Bearer /,
      );
    },
  );
});

test.concurrent.for([
  "/",
  "/health",
  "/healthz/live",
  "/healthz/ready",
  "/capabilities",
  "/state",
  "/dependencies",
  "/info",
  "/version",
  "/message",
  "/send",
])("everyone may read %s, as the mesh's checkers do", async (path, { expect: the }) => {
  the((await send(shared.api, path)).status).toBe(200);
  the((await send(shared.api, `/orchestrator${path}`)).status).toBe(200);
});

test.concurrent.for([
  "/TASKS",
  "/Tasks/",
  "/ORCHESTRATOR/tasks",
  "/tasks?path=/health",
  "/tasks?/health",
  "/tasks;/health",
  "/tasks/%2e%2e/health",
  "/tasks/../health",
  "/./tasks",
  "//tasks",
  "/orchestrator//tasks",
  "/orchestrator/orchestrator/tasks",
  "/health/../tasks",
  "/health%2f..%2ftasks",
  "/%74asks",
  "/Admin/queues",
  "/ADMIN/QUEUES/api/queues",
  "/admin/queues/",
  "/admin//queues",
  "//admin/queues",
  "/orchestrator//admin/queues",
  "/orchestrator/orchestrator/admin/queues",
  "/%2fadmin/queues",
  "/%61dmin/queues",
  "/admin%2fqueues",
  "/docs/../admin/queues",
  "/docs/%2e%2e/admin/queues",
  "/admin/queues/static/../api/queues",
])(
  "no spelling of a path opens it to somebody without a key: %s",
  async (path, { expect: the }) => {
    for (const method of ["GET", "HEAD", "POST", "PUT"]) {
      const { status, text } = await send(shared.api, path, { method });
      the([method, [401, 404].includes(status)]).toEqual([method, true]);
      the(text).not.toMatch(/"tasks":|"queues":|<html/i);
    }
  },
);

const say = async (who: Who, message_type: string, payload: object) =>
  (
    await send(shared.api, "/message", {
      method: "POST",
      headers: as(who),
      json: { source: "x", target: "orchestrator", message_type, payload },
    })
  ).status;

test.concurrent("a message's type decides: a command needs submit, a query read, a status nothing", async () => {
  const query = { query: "system_status" };
  expect(await say("nobody", "status", {})).toBe(200);
  expect(await say("nobody", "query", query)).toBe(401);
  expect(await say("reader", "query", query)).toBe(200);
  expect(await say("nobody", "command", {})).toBe(401);
  expect(await say("reader", "command", {})).toBe(403);
});

test.concurrent.for<[string, Record<string, string>]>([
  ["Origin elsewhere", { origin: "https://evil.example" }],
  ["Origin null", { origin: "null" }],
  ["another port", { origin: "http://127.0.0.1:1" }],
  ["cross-site", { "sec-fetch-site": "cross-site" }],
  ["same-site", { "sec-fetch-site": "same-site" }],
])(
  "a page from elsewhere cannot use an operator's password: %s",
  async ([, page], { expect: the }) => {
    const headers = { ...as("password"), ...page };
    for (const [method, path] of [
      ["POST", "/droplets/nowhere/pause"],
      ["POST", "/tasks"],
      ["POST", "/message"],
      ["DELETE", `/tasks/${ID}`],
      ["GET", "/admin/audit"],
    ] as const) {
      const answer = await send(shared.api, path, { method, headers });
      the(refusalOf(answer, 403).message).toMatch(/another site/);
    }
    // A key is sent by who means it: browsers add none by themselves.
    const withKey = await send(shared.api, "/tasks", {
      method: "POST",
      headers: { ...as("submitter"), ...page },
    });
    the(withKey.status).toBe(400);
  },
);

test.concurrent("an operator's own page may act", async () => {
  const origin = shared.api.url;
  for (const page of [
    { origin },
    { origin: "https://hub.example", "sec-fetch-site": "same-origin" },
  ]) {
    const headers = { ...as("password"), ...page };
    const { status } = await send(shared.api, "/droplets/nowhere/pause", {
      method: "POST",
      headers,
    });
    expect(status).toBe(404);
  }
});

test("an operator's action is in the audit log: who, what, when, from where, in which trace", async () => {
  const act = async (headers: object, path: string, method: string, json?: object) =>
    await send(shared.api, path, { method, headers: { ...headers }, json });
  const traced = { ...as("operator"), "x-trace-id": "audited-trace" };
  expect((await act(traced, "/droplets/registry/pause", "POST")).status).toBe(200);
  expect(
    (await act(as("password"), "/droplets/registry/limits", "PUT", { concurrency: 3 })).status,
  ).toBe(200);
  expect((await act(as("operator"), "/tasks/retry", "POST", { status: "error" })).status).toBe(202);
  expect((await act(as("password"), "/droplets/registry/resume", "POST")).status).toBe(200);
  expect((await act(as("reader"), "/droplets/registry/pause", "POST")).status).toBe(403);

  const { status, body } = await send(shared.api, "/admin/audit?limit=4", {
    headers: as("operator"),
  });
  expect(status).toBe(200);
  const { entries } = body as { entries: Record<string, unknown>[] };
  expect(entries).toMatchObject([
    { action: "resume", caller: "operator", droplet: "registry" },
    { action: "replay", caller: "ops-bot", details: { matched: 0 } },
    { action: "limits", caller: "operator", details: { limits: { concurrency: 3 } } },
    {
      action: "pause",
      caller: "ops-bot",
      droplet: "registry",
      trace_id: "audited-trace",
      remote: expect.stringContaining("127.0.0.1"),
    },
  ]);
  expect(Math.abs(Number(entries[0]?.["at"]) - Date.now() / 1000)).toBeLessThan(60);
  for (const limit of ["0", "1001", "x", "-1"]) {
    const answer = await send(shared.api, `/admin/audit?limit=${limit}`, {
      headers: as("operator"),
    });
    expect(refusalOf(answer, 400).code).toBe("INVALID_REQUEST");
  }
  const erased = await send(shared.api, "/admin/audit", {
    method: "DELETE",
    headers: as("operator"),
  });
  expect(refusalOf(erased, 405).code).toBe("METHOD_NOT_ALLOWED");
});

test("keys, passwords and what a task carries stay out of logs and /info; the caller's name is in the log", async () => {
  await using droplet = await startDroplet("vault", () => ({ json: { token: "answered-secret" } }));
  shared.orchestrator.registry.list.push({ id: 900, name: "vault", endpoint: droplet.url });
  const task = {
    droplet_name: "vault",
    path: "/",
    method: "POST",
    headers: { Authorization: "Bearer carried-secret" },
    payload: { password: "paid-secret" },
  };
  const headers = as("submitter");
  await waitFor("the droplet to be known", async () => {
    const { status } = await submit(shared.api, task, { headers });
    if (status !== 200) throw new Error(String(status));
    return true;
  });
  expect(droplet.requests.at(-1)?.headers.authorization).toBe("Bearer carried-secret");
  await send(shared.api, "/tasks", { headers: { "x-api-key": "wrong-key-0123456789" } });
  const logged = allLogs(shared.api, shared.worker);
  const info = await send(shared.api, "/info");
  const board = await send(shared.api, "/admin/queues/api/queues?activeQueue=vault&status=latest", {
    headers: as("password"),
  });
  expect(board.text).toContain("vault");
  expect(board.text).toContain("[redacted]");
  const secrets = [
    ...Object.values(KEYS),
    PASSWORD,
    "wrong-key-0123456789",
    "carried-secret",
    "paid-secret",
    "answered-secret",
  ];
  for (const secret of secrets) {
    expect(logged).not.toContain(secret);
    expect(info.text).not.toContain(secret);
    expect(board.text).not.toContain(secret);
  }
  const line = await shared.api.waitForLog(
    ({ event, caller, status }) =>
      event === "request.finished" && caller === "submitter" && status === 200,
  );
  expect(line["path"]).toBe("/orchestrator/tasks");
});

test("one caller's Idempotency-Key does not meet another's", async () => {
  const key = { "idempotency-key": "shared-by-chance" };
  const dryRun = async (who: Who, path: string) =>
    await submit(
      shared.api,
      { droplet_name: "registry", path },
      { wait: false, headers: { ...as(who), ...key } },
    );
  const [mine, theirs] = [await dryRun("submitter", "/a"), await dryRun("other", "/b")];
  expect([mine.status, theirs.status]).toEqual([202, 202]);
  expect(refusalOf(await dryRun("submitter", "/b"), 422).code).toBe("IDEMPOTENCY_MISMATCH");
});

test("many requests of one caller on their way at once are no failed sign-ins; wrong keys are, a right key still passes", async () => {
  await using orchestrator = await startOrchestrator({
    workers: 0,
    apiEnv: { API_KEYS, OPERATOR_PASSWORD: PASSWORD },
  });
  const { api } = orchestrator;
  const waiting = await Promise.all(
    Array.from({ length: 25 }, async () => await send(api, "/tasks", { headers: as("reader") })),
  );
  expect(new Set(waiting.map(({ status }) => status))).toEqual(new Set([200]));
  const guess = { headers: { authorization: "Bearer guessed-key-0123456789" } };
  for (let n = 0; n < 10; n += 1) expect((await send(api, "/tasks", guess)).status).toBe(401);
  const refused = await send(api, "/tasks", guess);
  expect(refusalOf(refused, 429).code).toBe("RATE_LIMITED");
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  expect((await send(api, "/tasks", { headers: as("reader") })).status).toBe(200);
  // A password can be guessed: not even the right one is taken now.
  expect((await send(api, "/admin/audit", { headers: as("password") })).status).toBe(429);
});

const ask = async (api: Service, who: Who) => await send(api, "/tasks", { headers: as(who) });

test("RATE_LIMIT holds for each caller over all processes and says so in the standard headers", async () => {
  await using orchestrator = await startOrchestrator({
    workers: 0,
    apis: 2,
    apiEnv: { API_KEYS, RATE_LIMIT: "5/60" },
  });
  const [first, second] = orchestrator.apis as [Service, Service];
  const before = await ask(first, "reader");
  expect(before.status).toBe(200);
  expect(before.headers["ratelimit"]).toMatch(/r=4/);
  expect(before.headers["ratelimit-policy"]).toMatch(/q=5.*w=60/);
  for (const api of [second, first, second, first])
    expect((await ask(api, "reader")).status).toBe(200);
  const over = await ask(second, "reader");
  expect(refusalOf(over, 429).code).toBe("RATE_LIMITED");
  expect(Number(over.headers["retry-after"])).toBeGreaterThan(0);
  expect((await ask(first, "submitter")).status).toBe(200);
  expect((await send(first, "/health")).status).toBe(200);
});

test("without sign-in the service is open and says so, and pages from elsewhere still cannot submit", async () => {
  await using droplet = await startDroplet("open", echo);
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const { api } = orchestrator;
  expect(api.logs.find("signIn.off")).toBeDefined();
  const task = { droplet_name: "open", path: "/" };
  expect((await submitAndWait(api, task)).status).toBe("success");
  const foreign = { headers: { origin: "https://evil.example" } };
  expect(refusalOf(await submit(api, task, foreign), 403).code).toBe("FORBIDDEN");
  const headers = { host: "evil.example" };
  expect(refusalOf(await send(api, "/admin/audit", { headers }), 403).code).toBe("FORBIDDEN");
});
