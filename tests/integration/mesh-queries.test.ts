import { TaskRecord } from "@orchestrator/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTask, untilEnded } from "../support/api-client.ts";
import { command, deliver, flat, query, type MessageBody } from "../support/mesh-messages.ts";
import { startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const READER = "reader-key-0123456789";
const HAND = "hand-key-01234567890";

const as = (key: string) => ({
  "content-type": "application/json",
  ...(key && { authorization: `Bearer ${key}` }),
});

let droplet: ScriptedDroplet;
let orchestrator: Orchestrator;
let api: { url: string };
beforeAll(async () => {
  droplet = await startDroplet("echo");
  orchestrator = await startOrchestrator({ droplets: [droplet] });
  api = orchestrator.api;
});
afterAll(async () => {
  await orchestrator[Symbol.asyncDispose]();
  await droplet[Symbol.asyncDispose]();
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

  test.each<[string, unknown, MessageBody]>([
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

  test.each<[string, unknown, MessageBody]>([
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
  const statusOf = async (key: string, message: MessageBody): Promise<number> => {
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
