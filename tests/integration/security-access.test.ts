import { describe, expect, test } from "vitest";
import { refusalOf, submit, submitAndWait } from "../support/api-client.ts";
import { send } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { as, SIGN_IN_ON, type Who } from "../support/sign-in.ts";

const shared = shareOrchestrator({
  droplets: ["echo"],
  apiEnv: SIGN_IN_ON,
  headers: as("reader"),
});

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

test("bodies are shown to whom may read: who may only submit learns how a task ended", async () => {
  const task = { droplet_name: "echo", path: "/", method: "POST", payload: { card: 4111 } };
  const mine = await submitAndWait(shared.api, task, { headers: as("submitter") });
  expect(JSON.stringify(mine.response_body)).toContain("4111");
  const theirs = await send(shared.api, `/tasks/${mine.task_id}/retry?wait=true`, {
    method: "POST",
    headers: as("other"),
  });
  expect(theirs.body).toMatchObject({
    status: "success",
    response_status: 200,
    response_body: null,
    response_headers: null,
  });
  expect(theirs.text).not.toContain("4111");
  const read = await send(shared.api, `/tasks/${mine.task_id}`, { headers: as("other") });
  expect(refusalOf(read, 403).code).toBe("FORBIDDEN");
});
