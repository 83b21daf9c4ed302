import { KeptMessage, MessageReceipt, TaskRecord } from "@orchestrator/contract";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { fieldsRefused, readTask, untilEnded } from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { entryOf, startRegistry } from "../support/scripted-registry.ts";
import { send, type SendOptions } from "../support/send.ts";
import { startOrchestrator, untilKnown, type Orchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

// Some tests here start several processes each, on machines that are busy with other tests.
vi.setConfig({ testTimeout: 60_000 });

type Body = Record<string, unknown>;
type Api = { url: string };

const flat = (more: Body = {}): Body => ({
  trace_id: "trace-1",
  source: 12,
  target: 2,
  message_type: "event",
  payload: { happened: true },
  ...more,
});

const READER = "reader-key-0123456789";
const HAND = "hand-key-01234567890";

const as = (key: string) => ({
  "content-type": "application/json",
  ...(key && { authorization: `Bearer ${key}` }),
});

const query = (payload: unknown) => flat({ message_type: "query", payload });
const command = (payload: unknown) => flat({ message_type: "command", payload });

async function readDroplet(from: Api, name: string): Promise<Body> {
  return (await send(from, `/droplets/${name}`)).body as Body;
}

async function deliver(to: Api, message: Body, options: SendOptions = {}) {
  const path = "/orchestrator/message";
  const answer = await send(to, path, { method: "POST", json: message, ...options });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  return MessageReceipt.parse(answer.body);
}

async function messages(from: Api, search = "") {
  const { status, body } = await send(from, `/orchestrator/messages${search}`);
  expect(status).toBe(200);
  const page = body as { messages: unknown[]; total: number; limit: number };
  return { ...page, messages: page.messages.map((one) => KeptMessage.parse(one)) };
}

let droplet: ScriptedDroplet;
let orchestrator: Orchestrator;
let api: Api;
beforeAll(async () => {
  droplet = await startDroplet("echo");
  orchestrator = await startOrchestrator({ droplets: [droplet] });
  api = orchestrator.api;
});
afterAll(async () => {
  await orchestrator[Symbol.asyncDispose]();
  await droplet[Symbol.asyncDispose]();
});

describe("a message", () => {
  test("is taken in the flat form and in the UDC envelope, and kept", async () => {
    const receipt = await deliver(api, flat({ source: "forms", trace_id: "flat-1" }));
    expect(receipt).toEqual({
      received: true,
      trace_id: "flat-1",
      processed_at: expect.stringMatching(/Z$/) as string,
      result: "success",
    });
    const timestamp = "2026-01-01T00:00:00Z";
    const envelope = flat({ source: "forms", udc_version: "1.0", timestamp, signature: "secret" });
    await deliver(api, { ...envelope, trace_id: "udc-1" });

    const page = await messages(api, "?source=FORMS");
    expect(page.total).toBe(2);
    expect(page.messages.map(({ trace_id }) => trace_id)).toEqual(["udc-1", "flat-1"]);
    expect(page.messages[0]).toMatchObject({
      source: "forms",
      target: 2,
      message_type: "event",
      payload: { happened: true },
      timestamp,
      verified: false,
    });
    expect(JSON.stringify(page)).not.toContain("secret");
  });

  test("without a trace id is given the request's", async () => {
    const { trace_id: _none, ...bare } = flat();
    const headers = { "content-type": "application/json", "x-trace-id": "from-header" };
    expect(await deliver(api, bare, { headers })).toMatchObject({ trace_id: "from-header" });
    expect((await deliver(api, bare)).trace_id).toMatch(/^[\da-f-]{36}$/);
  });

  test("delivered by the Registry to {endpoint}/message arrives, also behind the prefix", async () => {
    for (const endpoint of [api.url, `${api.url}/orchestrator`]) {
      const message = flat({ source: "registry", trace_id: endpoint });
      const answer = await send(
        { url: api.url },
        `${new URL(endpoint).pathname}/message`.replace("//", "/"),
        {
          method: "POST",
          json: message,
        },
      );
      expect(answer.body).toMatchObject({ received: true, trace_id: endpoint });
    }
    expect((await messages(api, "?source=registry")).total).toBe(2);
  });

  test.each<[string, Body | string, string[]]>([
    ["everything missing", {}, ["source", "target", "message_type"]],
    ["a source that is no name", flat({ source: { id: 1 } }), ["source"]],
    ["a fractional id", flat({ target: 1.5 }), ["target"]],
    ["an empty name", flat({ source: " " }), ["source"]],
    ["a type of two words", flat({ message_type: "two words" }), ["message_type"]],
    ["a type too long", flat({ message_type: "x".repeat(65) }), ["message_type"]],
    ["a trace id that is no text", flat({ trace_id: 5 }), ["trace_id"]],
    ["something else than an object", "hello", [""]],
  ])("with %s is refused, naming the field", async (_, message, fields) => {
    const answer = await send(api, "/message", { method: "POST", json: message });
    expect(fieldsRefused(answer)).toEqual(fields);
  });

  test("of any word is kept; lists filter by source, type and both, newest first", async () => {
    for (const [n, type] of ["weather", "weather", "tide"].entries()) {
      await deliver(api, flat({ source: "buoy", message_type: type, payload: n }));
    }
    await deliver(api, flat({ source: "mast", message_type: "weather", payload: 3 }));
    const payloads = async (search: string) =>
      (await messages(api, search)).messages.map(({ payload }) => payload);
    expect(await payloads("?source=buoy")).toEqual([2, 1, 0]);
    expect(await payloads("?message_type=weather")).toEqual([3, 1, 0]);
    expect(await payloads("?source=buoy&message_type=weather")).toEqual([1, 0]);
    expect(await messages(api, "?source=buoy&limit=1")).toMatchObject({ total: 3, limit: 1 });
    expect(await messages(api, "?source=nobody")).toMatchObject({ total: 0, messages: [] });
    for (const search of ["?limit=0", "?limit=1001", "?limit=x"]) {
      expect(fieldsRefused(await send(api, `/messages${search}`))).toEqual(["limit"]);
    }
  });

  test("with a huge payload is kept without it", async () => {
    await deliver(api, flat({ source: "huge", payload: "x".repeat(20 * 1024) }));
    const { messages: kept } = await messages(api, "?source=huge");
    expect(kept[0]?.payload).toMatchObject({ _truncated: true, _original_size_kb: 20 });
  });

  test("delivered twice under one Idempotency-Key is kept once", async () => {
    const headers = { "content-type": "application/json", "idempotency-key": "delivery-1" };
    for (let n = 0; n < 2; n++) await deliver(api, flat({ source: "twice" }), { headers });
    expect((await messages(api, "?source=twice")).total).toBe(1);
    await deliver(api, flat({ source: "twice", trace_id: "another" }), { headers });
    expect((await messages(api, "?source=twice")).total).toBe(2);
  });
});

describe("a query", () => {
  test("of system_status or droplet_list is answered with what the endpoints say", async () => {
    const status = await deliver(api, query({ query: "system_status" }));
    expect(status).toMatchObject({ result: "success", response: { service: "orchestrator" } });
    const list = await deliver(api, query({ query: "droplet_list" }));
    expect(list.response).toMatchObject({
      cache_status: "active",
      droplets: [{}, { name: "echo" }],
    });
  });

  test("of task_status gives the record", async () => {
    const task = { droplet_name: "echo", path: "/queried" };
    const { body } = await send(api, "/tasks", { method: "POST", json: task });
    const { task_id } = body as { task_id: string };
    const { response } = await deliver(api, query({ query: "task_status", task_id }));
    expect(TaskRecord.parse(response)).toMatchObject({ task_id, status: "success" });
  });

  test.each<[string, unknown, Body]>([
    ["we do not know", { query: "weather" }, { code: "INVALID_REQUEST" }],
    ["of nothing", null, { code: "INVALID_REQUEST" }],
    ["of a task nobody knows", { query: "task_status", task_id: "x" }, { code: "TASK_NOT_FOUND" }],
  ])("%s is received, with the reason why not", async (_, payload, error) => {
    expect(await deliver(api, query(payload))).toMatchObject({
      received: true,
      result: "error",
      response: { error: { ...error, message: expect.any(String) as string } },
    });
  });
});

describe("a command", () => {
  test("create_task makes a task under the message's own delivery, once", async () => {
    const task = { droplet_name: "echo", method: "POST", path: "/commanded", payload: { n: 1 } };
    const headers = { "content-type": "application/json", "idempotency-key": "command-1" };
    const message = command({ command: "create_task", task });
    const first = await deliver(api, message, { headers });
    expect(first).toMatchObject({ result: "queued", response: { status: "queued" } });
    const id = String(first.response?.["task_id"]);
    expect(await untilEnded(api, id)).toMatchObject({ status: "success", path: "/commanded" });
    const second = await deliver(api, message, { headers });
    expect(second).toMatchObject({ result: "success", response: { task_id: id } });
    expect(droplet.callsOf(id)).toHaveLength(1);
    expect(droplet.callsOf(id)[0]?.json).toEqual({ n: 1 });
  });

  test("cancel_task cancels", async () => {
    const task = { droplet_name: "echo", path: "/later", delay_ms: 60_000 };
    const { body } = await send(api, "/tasks?wait=false", { method: "POST", json: task });
    const { task_id } = body as { task_id: string };
    const receipt = await deliver(api, command({ command: "cancel_task", task_id }));
    expect(receipt).toMatchObject({
      result: "success",
      response: { task_id, status: "cancelled" },
    });
    expect((await readTask(api, task_id)).status).toBe("cancelled");
    expect(await deliver(api, command({ command: "cancel_task", task_id }))).toMatchObject({
      result: "error",
      response: { error: { code: "TASK_FINISHED" } },
    });
  });

  test.each<[string, unknown, Body]>([
    ["we do not know", { command: "reboot" }, { code: "INVALID_REQUEST" }],
    ["without a task", { command: "create_task" }, { code: "INVALID_REQUEST" }],
    [
      "for a droplet nobody knows",
      { command: "create_task", task: { droplet_name: "nobody", path: "/" } },
      { code: "DROPLET_NOT_FOUND" },
    ],
  ])("%s is received, with the reason why not", async (_, payload, error) => {
    const receipt = await deliver(api, command(payload));
    expect(receipt).toMatchObject({ received: true, result: "error", response: { error } });
  });
});

describe("a sign of life", () => {
  test("is a heartbeat, a heartbeat of the droplet's path, or a message; /droplets/{name} shows it", async () => {
    await using registry = await startRegistry(
      ["by-id", "by-name", "by-path", "by-message", "by-envelope", "silent"].map((name, n) =>
        entryOf({ name, url: "http://127.0.0.1:9" }, { id: 40 + n }),
      ),
    );
    await using other = await startOrchestrator({ registry });
    await untilKnown(other.api, ["silent"]);
    const beat = async (path: string, body: unknown) =>
      (await send(other.api, path, { method: "POST", json: body })).body;
    const startedAt = Date.now();
    const receipt = await beat("/orchestrator/heartbeat", {
      droplet_id: "40",
      status: "active",
      metrics: { cpu: 5 },
    });
    expect(receipt).toEqual({
      received: true,
      next_heartbeat_deadline: expect.any(Number) as number,
    });
    const { next_heartbeat_deadline: deadline } = receipt as { next_heartbeat_deadline: number };
    expect(deadline - startedAt / 1000).toBeGreaterThan(59);
    expect(deadline - startedAt / 1000).toBeLessThan(90);
    await beat("/heartbeat", { name: "BY-NAME", status: "active" });
    await beat("/orchestrator/droplets/42/heartbeat", { status: "active", metrics: null });
    await deliver(other.api, flat({ source: "droplet-43", message_type: "status" }));
    await beat("/heartbeat", { metadata: { source_droplet_id: 44 }, payload: { status: "error" } });

    const read = async (name: string) => await readDroplet(other.api, name);
    for (const name of ["by-id", "by-name", "by-path", "by-message", "by-envelope"]) {
      const seenAt = Date.parse(String((await read(name))["last_seen"]));
      expect(seenAt, name).toBeGreaterThan(startedAt - 2000);
    }
    expect(await read("by-id")).toMatchObject({
      reported: { status: "active", metrics: { cpu: 5 } },
    });
    expect(await read("44")).toMatchObject({ name: "by-envelope", reported: { status: "error" } });
    expect(await read("silent")).toMatchObject({ last_seen: null });
  });

  test("of a droplet that is not listed yet, or that says no name, gets its receipt", async () => {
    for (const [path, json] of [
      ["/heartbeat", {}],
      ["/heartbeat", { status: "active", metrics: {} }],
      ["/droplets/999/heartbeat", { status: "active" }],
    ] as const) {
      const { status, body } = await send(api, path, { method: "POST", json });
      expect([status, body]).toMatchObject([200, { received: true }]);
    }
    const wrong = await send(api, "/heartbeat", { method: "POST", json: { metrics: "many" } });
    expect(fieldsRefused(wrong)).toEqual(["metrics"]);
  });

  test("does not change the list; one droplet is shown with queue, circuit and limits", async () => {
    expect(await readDroplet(api, "ECHO")).toMatchObject({
      name: "echo",
      endpoint: droplet.url,
      queue: { waiting: 0, delayed: expect.any(Number) as number, active: 0 },
      paused: false,
      circuit: { state: "closed" },
      limits: { concurrency: null, rate: null },
    });
    const unknown = await send(api, "/orchestrator/droplets/nobody");
    expect(unknown.status).toBe(404);
    expect(unknown.body).toMatchObject({
      error: {
        code: "DROPLET_NOT_FOUND",
        details: { requested_droplet: "nobody", available_droplets: ["registry", "echo"] },
      },
    });
  });
});

test("with sign-in on, commands and queries need a scope; anything else is taken from anyone, as unverified", async () => {
  await using own = await startOrchestrator({
    droplets: [droplet],
    apiEnv: { API_KEYS: `reader:read:${READER},hand:submit:${HAND}` },
    // The list is not for everyone to read here.
    waitUntil: "listening",
  });
  await waitFor("the list", async () => {
    return (await send(own.api, "/health")).text.includes('"droplet_count":1');
  });
  const statusOf = async (key: string, message: Body): Promise<number> => {
    const options = { method: "POST", headers: as(key), json: message };
    return (await send(own.api, "/message", options)).status;
  };
  const asked = query({ query: "system_status" });
  const wished = command({ command: "create_task", task: { droplet_name: "echo", path: "/" } });
  expect(await Promise.all(["", HAND, READER].map((key) => statusOf(key, asked)))).toEqual([
    401, 403, 200,
  ]);
  expect(await Promise.all(["", READER, HAND].map((key) => statusOf(key, wished)))).toEqual([
    401, 403, 200,
  ]);
  for (const key of ["", READER]) {
    expect(await statusOf(key, flat({ source: "anyone", trace_id: `of-${key}` }))).toBe(200);
  }
  expect((await send(own.api, "/messages")).status).toBe(401);
  const kept = await send(own.api, "/messages?source=anyone", { headers: as(READER) });
  expect(kept.body).toMatchObject({
    messages: [
      { trace_id: `of-${READER}`, verified: true },
      { trace_id: "of-", verified: false },
    ],
  });
});

test("messages survive a restart of every process, and Redis away is a 503 that says so", async () => {
  await using redis = await startPrivateRedis({ isDurable: true });
  await using own = await startOrchestrator({ redisUrl: redis.url });
  await deliver(own.api, flat({ source: "survivor" }));
  await Promise.all([own.api.stop(), own.worker.stop()]);
  await redis.stop();
  await redis.start();
  await Promise.all([own.api.start(), own.worker.start()]);
  await own.api.untilReady();
  expect(await messages(own.api, "?source=survivor")).toMatchObject({ total: 1 });
  await redis.stop();
  const refused = await send(own.api, "/message", { method: "POST", json: flat() });
  expect(refused.status).toBe(503);
  expect(refused.headers["retry-after"]).toBeDefined();
  expect(refused.tookMs).toBeLessThan(2000);
  // A worker does not stop before it has told Redis.
  await redis.start();
});
