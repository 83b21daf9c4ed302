import { KeptMessage, SendReceipt } from "@orchestrator/contract";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  fieldsRefused,
  listTasks,
  readTask,
  refusalOf,
  untilEnded,
} from "../support/api-client.ts";
import { perTask, startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { entryOf, startRegistry } from "../support/scripted-registry.ts";
import { send, type SendOptions } from "../support/send.ts";
import { startOrchestrator, untilKnown, type Orchestrator } from "../support/start-orchestrator.ts";

// Some tests here start several processes each, on machines that are busy with other tests.
vi.setConfig({ testTimeout: 60_000 });

type Body = Record<string, unknown>;
type Api = { url: string };

const OUR_URL = "http://127.0.0.1:18001";

async function post(api: Api, message: Body, options: SendOptions & { query?: string } = {}) {
  const { query = "", ...rest } = options;
  const path = `/orchestrator/send${query}`;
  const answer = await send(api, path, { method: "POST", json: message, ...rest });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  return SendReceipt.parse(answer.body);
}

async function kept(to: Orchestrator, source: number): Promise<KeptMessage[]> {
  const { body } = await send(to.api, `/messages?source=${source}`);
  return (body as { messages: unknown[] }).messages.map((one) => KeptMessage.parse(one));
}

const event = (target: unknown, more: Body = {}): Body => ({
  target,
  message_type: "event",
  payload: { happened: true },
  ...more,
});

let droplet: ScriptedDroplet;
let orchestrator: Orchestrator;
let api: Api;
beforeAll(async () => {
  droplet = await startDroplet("Echo", [{ json: { received: true, result: "success" } }]);
  orchestrator = await startOrchestrator({
    droplets: [droplet],
    env: { DROPLET_ID: "2", PUBLIC_URL: OUR_URL },
  });
  api = orchestrator.api;
});
afterAll(async () => {
  await orchestrator[Symbol.asyncDispose]();
  await droplet[Symbol.asyncDispose]();
});

describe("a message to a droplet", () => {
  test.each([["its name"], ["its id"], ["its id as text"], ["its id as a name"]])(
    "known by %s is a task to its /message with the full envelope",
    async (how) => {
      const target = {
        "its name": "ECHO",
        "its id": 100,
        "its id as text": "100",
        "its id as a name": "droplet-100",
      }[how];
      const headers = { "content-type": "application/json", "x-trace-id": `trace-${how.length}` };
      const receipt = await post(api, event(target), { headers });
      expect(receipt).toMatchObject({
        sent: true,
        target,
        result: "success",
        trace_id: `trace-${how.length}`,
        response: { received: true },
      });
      const [call] = droplet.callsOf(String(receipt.task_id));
      expect(call).toMatchObject({
        method: "POST",
        path: "/message",
        headers: { "x-trace-id": receipt.trace_id, "idempotency-key": receipt.task_id },
      });
      expect(call?.json).toEqual({
        udc_version: "1.0",
        trace_id: receipt.trace_id,
        source: 2,
        source_name: "orchestrator",
        target: 100,
        message_type: "event",
        payload: { happened: true },
        timestamp: expect.stringMatching(/Z$/) as string,
      });
    },
  );

  test("carries its priority and is retried retry_count times", async () => {
    droplet.on("/message", perTask([503, 503, { json: { received: true } }]));
    const receipt = await post(api, event("echo", { priority: "high", retry_count: 2 }));
    expect(receipt).toMatchObject({ sent: true, result: "success" });
    const record = await readTask(api, String(receipt.task_id));
    expect(record).toMatchObject({ priority: "high", retry_count: 2 });

    droplet.on("/message", [503]);
    const failed = await post(api, event("echo", { retry_count: 0 }));
    expect(failed).toMatchObject({ sent: true, result: "error", error: { code: "DROPLET_ERROR" } });
    expect(droplet.callsOf(String(failed.task_id))).toHaveLength(1);
    droplet.on("/message", [{ json: { received: true } }]);
  });

  test("is queued when it has not ended within the wait, and goes on", async () => {
    droplet.on("/message", ["hang", { json: { received: true } }]);
    const receipt = await post(api, event("echo"), { query: "?wait=0.2" });
    expect(receipt).toMatchObject({ sent: true, result: "queued" });
    await droplet.untilHanging(1);
    await droplet.release({ json: { received: true } });
    expect(await untilEnded(api, String(receipt.task_id))).toMatchObject({ status: "success" });
    const headers = { "content-type": "application/json", prefer: "respond-async" };
    expect(await post(api, event("echo"), { headers })).toMatchObject({ result: "queued" });
  });

  test("nobody knows is answered 200, not sent", async () => {
    const receipt = await post(api, event("nobody"));
    expect(receipt).toMatchObject({
      sent: false,
      target: "nobody",
      result: "error",
      task_id: null,
      error: { code: "DROPLET_NOT_FOUND", details: { available_droplets: ["registry", "Echo"] } },
    });
  });

  test("has time for the retries it asks for; one that cannot be reached says that it was not sent", async () => {
    await using flaky = await startDroplet("flaky", [503, 503, { json: { received: true } }]);
    await using other = await startOrchestrator({
      droplets: [flaky, { name: "gone", url: "http://127.0.0.1:9" }],
      env: { TASK_TIMEOUT: "1" },
    });
    const receipt = await post(other.api, event("flaky", { retry_count: 2 }));
    expect(receipt, "after waits of 1 and 2 s").toMatchObject({ sent: true, result: "success" });
    expect(await post(other.api, event("gone", { retry_count: 0 }))).toMatchObject({
      sent: false,
      result: "error",
      error: { code: "DROPLET_UNREACHABLE" },
    });
  });

  test("repeated with the same Idempotency-Key is sent once; another message under it is refused", async () => {
    const headers = { "content-type": "application/json", "idempotency-key": "send-1" };
    const message = event("echo", { payload: "once" });
    const first = await post(api, message, { headers });
    const second = await post(api, message, { headers });
    expect(second.task_id).toBe(first.task_id);
    expect(droplet.callsOf(String(first.task_id))).toHaveLength(1);
    const json = event("echo", { payload: "twice" });
    const other = await send(api, "/send", { method: "POST", headers, json });
    expect(refusalOf(other, 422).code).toBe("IDEMPOTENCY_MISMATCH");
  });

  test.each<[string, Body, string[]]>([
    ["nothing", {}, ["target", "message_type"]],
    ["an unknown priority", event("echo", { priority: "urgent" }), ["priority"]],
    ["21 retries", event("echo", { retry_count: 21 }), ["retry_count"]],
    ["half a retry", event("echo", { retry_count: 0.5 }), ["retry_count"]],
  ])("with %s is refused, naming the field", async (_, message, fields) => {
    const answer = await send(api, "/send", { method: "POST", json: message });
    expect(fieldsRefused(answer)).toEqual(fields);
  });
});

test("a broadcast reaches everybody on the list but us, each by a task of its own", async () => {
  await using one = await startDroplet("one", [{ json: { received: true } }]);
  await using two = await startDroplet("two", [404]);
  await using registry = await startRegistry([
    entryOf(one),
    entryOf(two),
    entryOf({ name: "orchestrator", url: OUR_URL }),
    entryOf({ name: "orchestrator-by-address", url: OUR_URL }),
  ]);
  await using own = await startOrchestrator({ registry, env: { PUBLIC_URL: OUR_URL } });
  await untilKnown(own.api, ["one", "two"]);
  const receipt = await post(own.api, event("*", { retry_count: 0 }));
  expect(receipt).toMatchObject({
    sent: true,
    target: "*",
    result: "error",
    counts: { success: 1, queued: 0, error: 1 },
    results: [
      { target: "one", sent: true, result: "success" },
      { target: "two", sent: true, result: "error", error: { code: "DROPLET_ERROR" } },
    ],
  });
  expect(receipt.results).toHaveLength(2);
  expect(one.requests).toHaveLength(1);
  expect(two.requests).toHaveLength(1);
  expect(one.requests[0]?.json).toMatchObject({ trace_id: receipt.trace_id });
  expect(await listTasks(own.api, { trace_id: receipt.trace_id })).toMatchObject({ total: 2 });
});

test("two orchestrators on one machine exchange messages, queries and commands", async () => {
  await using registry = await startRegistry([]);
  await using left = await startOrchestrator({ registry, env: { DROPLET_ID: "2" } });
  await using right = await startOrchestrator({ registry, env: { DROPLET_ID: "3" } });
  registry.list = [
    entryOf({ name: "left", url: left.api.url }, { id: 2 }),
    entryOf({ name: "right", url: `${right.api.url}/orchestrator` }, { id: 3 }),
  ];
  await untilKnown(left.api, ["right"]);
  await untilKnown(right.api, ["left"]);

  const there = await post(left.api, event("right", { message_type: "status", payload: "hello" }));
  expect(there).toMatchObject({ sent: true, result: "success", response: { received: true } });
  const back = await post(right.api, event(2, { payload: "and hello to you" }));
  expect(back).toMatchObject({ sent: true, result: "success" });

  expect(await kept(right, 2)).toMatchObject([
    { trace_id: there.trace_id, source: 2, target: 3, message_type: "status", payload: "hello" },
  ]);
  expect(await kept(left, 3)).toMatchObject([
    { trace_id: back.trace_id, source: 3, target: 2, payload: "and hello to you" },
  ]);
  const seen = (await send(right.api, "/droplets/left")).body as Body;
  expect(seen["last_seen"], "a status is a sign of life").not.toBeNull();

  const query = event("right", { message_type: "query", payload: { query: "droplet_list" } });
  const answered = await post(left.api, query);
  expect(answered.response).toMatchObject({ response: { droplets: [{}, { name: "left" }, {}] } });

  const task = { droplet_name: "left", path: "/version" };
  const command = event("right", {
    message_type: "command",
    payload: { command: "create_task", task },
  });
  const { response } = await post(left.api, command);
  const { task_id } = (response as { response: { task_id: string } }).response;
  expect(await untilEnded(right.api, task_id)).toMatchObject({
    status: "success",
    response_body: { service: "orchestrator" },
  });
});
