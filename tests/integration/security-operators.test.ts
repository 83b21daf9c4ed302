import { expect, test } from "vitest";
import { refusalOf, submitAsync } from "../support/api-client.ts";
import { ApiDocument, type Operation } from "../support/api-document.ts";
import { send, type Answer } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { as, SIGN_IN_ON } from "../support/sign-in.ts";

const shared = shareOrchestrator({
  droplets: ["echo"],
  apiEnv: SIGN_IN_ON,
  headers: as("reader"),
});

const ID = "550e8400-e29b-41d4-a716-446655440000";

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

interface Entry {
  id: string;
  action: string;
  caller: string;
  at: number;
  details: unknown;
  trace_id: string;
}

async function newestEntries(): Promise<Entry[]> {
  const { body } = await send(shared.api, "/admin/audit?limit=1", { headers: as("password") });
  return (body as { entries: Entry[] }).entries;
}

/** A caller's own act: what it brings in is its own, and its name is on the record or the message. */
const OWN_ACTS = new Set([
  "submitTask",
  "submitBatch",
  "sendMessage",
  "receiveMessage",
  "noteHeartbeat",
  "noteDropletHeartbeat",
]);

/** What an operator's request needs to be obeyed. */
async function obeyed(document: ApiDocument, operation: Operation): Promise<Answer> {
  const { api } = shared;
  const headers = { ...as("password"), "x-trace-id": `walked-${operation.operationId}` };
  const name = Object.keys(operation.calls)[0] ?? null;
  const waiting = { droplet_name: "echo", path: "/", delay_ms: 600_000 };
  switch (operation.operationId) {
    case "cancelTask": {
      const { task_id: id } = await submitAsync(api, waiting, { headers: as("submitter") });
      return await document.call(api, operation, name, { headers, path: { id } });
    }
    case "replayTask": {
      const { task_id: id } = await submitAsync(api, waiting, { headers: as("submitter") });
      await send(api, `/tasks/${id}`, { method: "DELETE", headers: as("submitter") });
      return await document.call(api, operation, name, { headers, path: { id }, query: {} });
    }
    case "replayTasks":
      return await document.call(api, operation, name, { headers, json: { status: "error" } });
    default:
      return await document.call(api, operation, name, { headers });
  }
}

test("every operation that changes something leaves an entry, unless it is a caller's own act", async () => {
  const document = await ApiDocument.fetch(shared.api);
  const changing = document.operations.filter(({ method }) => method !== "GET");
  expect(changing.length).toBeGreaterThan(10);
  const audited: string[] = [];
  const unaudited: string[] = [];
  for (const operation of changing) {
    const [before] = await newestEntries();
    const answer = await obeyed(document, operation);
    expect([operation.operationId, answer.status]).toEqual([
      operation.operationId,
      expect.toSatisfy((status: number) => status >= 200 && status < 300),
    ]);
    const [after] = await newestEntries();
    if (after === undefined || after.id === before?.id) {
      unaudited.push(operation.operationId);
      continue;
    }
    audited.push(operation.operationId);
    expect(after.caller).toBe("operator");
    expect(after.trace_id).toBe(`walked-${operation.operationId}`);
    expect(Math.abs(after.at - Date.now() / 1000)).toBeLessThan(60);
  }
  expect(new Set(unaudited)).toEqual(OWN_ACTS);
  expect(audited.length).toBe(changing.length - OWN_ACTS.size);
});

test("a command to cancel that an operator sends as a message is in the audit log; a caller's own cancel is not", async () => {
  const waiting = { droplet_name: "echo", path: "/", delay_ms: 600_000 };
  const [first, second] = [
    await submitAsync(shared.api, waiting, { headers: as("submitter") }),
    await submitAsync(shared.api, waiting, { headers: as("submitter") }),
  ];
  const payload = { command: "cancel_task", task_id: first.task_id };
  const message = { source: "ops", target: "orchestrator", message_type: "command", payload };
  await send(shared.api, "/message", { method: "POST", headers: as("password"), json: message });
  const [noted] = await newestEntries();
  expect(noted).toMatchObject({
    action: "cancel",
    details: { task_id: first.task_id, status: "cancelled" },
  });
  const own = await send(shared.api, `/tasks/${second.task_id}`, {
    method: "DELETE",
    headers: as("submitter"),
  });
  expect(own.status).toBe(200);
  expect((await newestEntries())[0]?.id).toBe(noted?.id);
});
