import type { ErrorCode } from "@orchestrator/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { submitAndWait } from "../support/api-client.ts";
import { ApiDocument, type CallChanges, type Operation } from "../support/api-document.ts";
import { startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { Service } from "../support/service.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";

const UNKNOWN_TASK = "00000000-0000-4000-8000-000000000000";
const BODY_MAX = 4096;

const opened = new AsyncDisposableStack();
let orchestrator: Orchestrator;
let droplet: ScriptedDroplet;
let reference: ApiDocument;

beforeAll(async () => {
  droplet = opened.use(await startDroplet("echo"));
  droplet.on("/orders", () => ({ json: { ordered: true } }));
  droplet.on("/message", () => ({ json: { received: true } }));
  droplet.on("/slow", ["hang"]);
  orchestrator = opened.use(
    await startOrchestrator({
      droplets: [droplet],
      apiEnv: { BODY_MAX: String(BODY_MAX) },
    }),
  );
  reference = await ApiDocument.fetch(orchestrator.api);
});
afterAll(async () => await opened.disposeAsync());

const DONE = { droplet_name: "echo", path: "/orders", meta: { requested_by: "billing" } };
const keyOf = (scope: string): string => `key-of-somebody-who-may-${scope}`;
const idOf = (task: { task_id: string }): { id: string } => ({ id: task.task_id });

describe("refusals of the document", () => {
  test("come for every mistake that can be made in a call", async () => {
    let provoked = 0;
    for (const operation of reference.operations) {
      for (const code of codesOf(operation)) {
        const mistake = await mistakeFor(code, operation);
        if (mistake === null) continue;
        const { name, ...changes } = mistake;
        await expectRefusal(orchestrator.api, operation, code, name, changes);
        provoked++;
      }
    }
    expect(provoked).toBeGreaterThan(40);
  });

  test("are those that come while a circuit is open", async () => {
    const { api } = orchestrator;
    const operation = reference.operation("switchCircuit");
    await reference.call(api, operation, "open");
    const json = { ...DONE, when_open: "fail" };
    await expectRefusal(api, reference.operation("submitTask"), "CIRCUIT_OPEN", "wait", { json });
    await reference.call(api, operation, "auto");
  });

  test("are those that come without a right to do it, scope by scope", async () => {
    const scopes = ["read", "submit", "operate"];
    const api = await orchestrator.addApi({
      API_KEYS: scopes.map((scope) => `${scope}er:${scope}:${keyOf(scope)}`).join(","),
      OPERATOR_PASSWORD: "sesame-open-the-door",
    });
    for (const operation of reference.operations) {
      const { operationId, security } = operation;
      const needed = security.find(({ bearer }) => bearer !== undefined)?.["bearer"]?.[0] ?? null;
      if (needed !== null) await expectRefusal(api, operation, "UNAUTHORIZED", null);
      for (const scope of scopes) {
        const headers = { "x-api-key": keyOf(scope) };
        if (needed !== null && needed !== scope) {
          await expectRefusal(api, operation, "FORBIDDEN", null, { headers });
        } else {
          // HEAD is allowed to whom GET is, and has an end where a stream has none.
          const method = operation.method === "GET" ? "HEAD" : operation.method;
          const { status } = await reference.call(api, operation, null, { headers, method });
          expect([401, 403], `${operationId} with ${scope}`).not.toContain(status);
        }
      }
    }
    await api.stop();
  });

  test("are those that come while Redis is away, soon and with Retry-After", async () => {
    const api = await startAlone({ REGISTRY_CACHE_DIR: orchestrator.cacheDir });
    for (const operation of reference.operations) {
      if (!codesOf(operation).includes("QUEUE_UNAVAILABLE")) continue;
      // A batch says it of each of its tasks.
      if (operation.operationId === "submitBatch") continue;
      const [name = null] = Object.keys(operation.calls);
      const answer = await expectRefusal(api, operation, "QUEUE_UNAVAILABLE", name);
      expect(Number(answer.headers["retry-after"]), operation.operationId).toBeGreaterThan(0);
      expect(answer.tookMs, operation.operationId).toBeLessThan(2000);
    }
    const isReady = reference.operation("isReady");
    const answer = await reference.call(api, isReady, "not_ready");
    expect(answer.status).toBe(503);
    expect(reference.complaints(isReady, answer)).toEqual([]);
    await api.stop();
  });

  test("are those that come while there is no list of droplets", async () => {
    const api = await startAlone({ REGISTRY_CACHE_DIR: `${orchestrator.cacheDir}/none` });
    for (const operation of reference.operations) {
      if (!codesOf(operation).includes("REGISTRY_ERROR")) continue;
      if (operation.operationId === "receiveMessage") continue;
      const [name = null] = Object.keys(operation.calls);
      await expectRefusal(api, operation, "REGISTRY_ERROR", name);
    }
    await api.stop();
  });

  test("are those that come from a process that has too much to do", async () => {
    const api = await orchestrator.addApi({ WAITERS_MAX: "0", EVENT_STREAMS_MAX: "0" });
    const task = await submitAndWait(orchestrator.api, DONE);
    const calls: [id: string, name: string, changes: CallChanges][] = [
      ["submitTask", "wait", {}],
      ["sendMessage", "one", {}],
      ["replayTask", "wait", { path: idOf(task) }],
      ["followTask", "whole", { path: idOf(task) }],
      ["followTasks", "filtered", {}],
    ];
    for (const [id, name, changes] of calls) {
      await expectRefusal(api, reference.operation(id), "OVERLOADED", name, changes);
    }
    await api.stop();
  });

  test("are those that come to a caller who asks too often", async () => {
    const api = await orchestrator.addApi({ RATE_LIMIT: "1/3600" });
    await send(api, "/orchestrator/version");
    const probes = new Set(["readHealth", "isLive", "isReady"]);
    for (const operation of reference.operations) {
      if (probes.has(operation.operationId) || operation.path === "/admin/queues") continue;
      await expectRefusal(api, operation, "RATE_LIMITED", null);
    }
    await api.stop();
  });
});

function codesOf(operation: Operation): ErrorCode[] {
  return Object.values(operation.responses).flatMap(({ content }) =>
    Object.keys(content?.["application/json"]?.examples ?? {}).filter(
      (name): name is ErrorCode => name in reference.document.components.examples,
    ),
  );
}

/** Makes a mistake that has to be refused with this code; null where it takes more than a call. */
async function mistakeFor(
  code: ErrorCode,
  operation: Operation,
): Promise<(CallChanges & { name: string | null }) | null> {
  const [name = null] = Object.keys(operation.calls);
  const { api } = orchestrator;
  const json = bodyOf(operation, name);
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the others have tests of their own
  switch (code) {
    case "INVALID_REQUEST": {
      if (operation.requestBody) return { name, body: "{" };
      const wrong = { limit: 0, wait: "soon", last_event_id: "x" };
      const known = new Set(operation.parameters?.map((parameter) => parameter.name));
      const parameter = Object.entries(wrong).find(([one]) => known.has(one));
      return parameter ? { name, query: Object.fromEntries([parameter]) } : null;
    }
    case "PAYLOAD_TOO_LARGE":
      return { name, body: JSON.stringify("x".repeat(BODY_MAX)) };
    case "UNSUPPORTED_MEDIA_TYPE":
      return { name, body: "x", headers: { "content-type": "text/plain" } };
    case "TASK_NOT_FOUND":
      return { name, path: { id: UNKNOWN_TASK } };
    case "TASK_FINISHED":
      return { name, path: idOf(await submitAndWait(api, DONE)) };
    case "DROPLET_NOT_FOUND":
      if (operation.path.includes("{name}")) return { name, path: { name: "nobody" } };
      return { name, json: { ...json, droplet_name: "nobody" } };
    case "LOOP_DETECTED":
      return { name, headers: { "X-Orchestrator-Hops": "8" } };
    case "IDEMPOTENCY_MISMATCH": {
      const headers = { "Idempotency-Key": `twice-${operation.operationId}` };
      await reference.call(api, operation, name, { headers });
      return { name, headers, json: { ...json, priority: "low" } };
    }
    default:
      return null;
  }
}

function bodyOf({ requestBody }: Operation, name: string | null): object {
  const example = requestBody?.content["application/json"]?.examples?.[name ?? ""];
  return (example?.value as object | undefined) ?? {};
}

async function expectRefusal(
  api: Service,
  operation: Operation,
  code: ErrorCode,
  name: string | null,
  changes: CallChanges = {},
) {
  const where = `${operation.operationId} ${code}`;
  const answer = await reference.call(api, operation, name, changes);
  expect(
    (answer.body as { error?: { code: string } }).error?.code,
    `${where}: ${answer.text}`,
  ).toBe(code);
  expect(codesOf(operation), operation.operationId).toContain(code);
  expect(reference.complaints(operation, answer), where).toEqual([]);
  return answer;
}

/** An API whose Redis nobody can reach. */
async function startAlone(env: Record<string, string>): Promise<Service> {
  const service = new Service({
    name: "api-alone",
    app: "api",
    env: { HOST: "127.0.0.1", PORT: "0", REDIS_URL: "redis://127.0.0.1:1", ...env },
  });
  await service.start();
  return service;
}
