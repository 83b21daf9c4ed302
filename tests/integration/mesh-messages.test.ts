import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fieldsRefused } from "../support/api-client.ts";
import { deliver, flat, keptMessages, type MessageBody } from "../support/mesh-messages.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";

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

    const page = await keptMessages(api, "?source=FORMS");
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
    expect((await keptMessages(api, "?source=registry")).total).toBe(2);
  });

  test.each<[string, MessageBody | string, string[]]>([
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
      (await keptMessages(api, search)).messages.map(({ payload }) => payload);
    expect(await payloads("?source=buoy")).toEqual([2, 1, 0]);
    expect(await payloads("?message_type=weather")).toEqual([3, 1, 0]);
    expect(await payloads("?source=buoy&message_type=weather")).toEqual([1, 0]);
    expect(await keptMessages(api, "?source=buoy&limit=1")).toMatchObject({ total: 3, limit: 1 });
    expect(await keptMessages(api, "?source=nobody")).toMatchObject({ total: 0, messages: [] });
    for (const search of ["?limit=0", "?limit=1001", "?limit=x"]) {
      expect(fieldsRefused(await send(api, `/messages${search}`))).toEqual(["limit"]);
    }
  });

  test("with a huge payload is kept without it", async () => {
    await deliver(api, flat({ source: "huge", payload: "x".repeat(20 * 1024) }));
    const { messages: kept } = await keptMessages(api, "?source=huge");
    expect(kept[0]?.payload).toMatchObject({ _truncated: true, _original_size_kb: 20 });
  });

  test("delivered twice under one Idempotency-Key is kept once", async () => {
    const headers = { "content-type": "application/json", "idempotency-key": "delivery-1" };
    for (let n = 0; n < 2; n++) await deliver(api, flat({ source: "twice" }), { headers });
    expect((await keptMessages(api, "?source=twice")).total).toBe(1);
    await deliver(api, flat({ source: "twice", trace_id: "another" }), { headers });
    expect((await keptMessages(api, "?source=twice")).total).toBe(2);
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
  expect(await keptMessages(own.api, "?source=survivor")).toMatchObject({ total: 1 });
  await redis.stop();
  const refused = await send(own.api, "/message", { method: "POST", json: flat() });
  expect(refused.status).toBe(503);
  expect(refused.headers["retry-after"]).toBeDefined();
  expect(refused.tookMs).toBeLessThan(2000);
  // A worker does not stop before it has told Redis.
  await redis.start();
});
