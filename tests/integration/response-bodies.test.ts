import { expect, test } from "vitest";
import {
  listTasks,
  readTask,
  submitAndWait,
  submitAsync,
  untilEnded,
} from "../support/api-client.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import type { AnswerStep } from "../support/step.ts";
import { waitFor } from "../support/wait-for.ts";

const BODY_MAX = 64 * 1024;
const RESULT_KEEP_S = 4;

const shared = shareOrchestrator({
  droplets: ["press"],
  env: { RESULT_KEEP: String(RESULT_KEEP_S), RESPONSE_BODY_MAX: String(BODY_MAX) },
});

const typed = (type: string, body: string | Buffer): AnswerStep => ({
  headers: { "content-type": type },
  body,
});
const BYTES = Buffer.from([0, 1, 2, 253, 254, 255]);

const BODIES: [kind: string, step: AnswerStep, shown: unknown][] = [
  ["a JSON object", { json: { a: [1, { b: null }] } }, { a: [1, { b: null }] }],
  ["a JSON list", { json: [1, "two", null] }, [1, "two", null]],
  ["a JSON text", { json: "plain" }, "plain"],
  ["a JSON number", { json: 0 }, 0],
  ["a JSON false", { json: false }, false],
  ["a JSON null", { json: null }, null],
  ["JSON of a type of its own", typed("application/problem+json", '{"title":"x"}'), { title: "x" }],
  ["JSON without a type", { body: '{"a":1}' }, { a: 1 }],
  [
    "JSON with keys that matter to JavaScript",
    typed("application/json", '{"__proto__":{"a":1},"constructor":1}'),
    JSON.parse('{"__proto__":{"a":1},"constructor":1}'),
  ],
  ["text", typed("text/plain", "Grüße, 世界"), "Grüße, 世界"],
  [
    "text in Latin-1",
    typed("text/plain; charset=iso-8859-1", Buffer.from("Grüße", "latin1")),
    "Grüße",
  ],
  ["a page", typed("text/html; charset=utf-8", "<p>hi</p>"), "<p>hi</p>"],
  ["what claims to be JSON and is not", typed("application/json", '{"a":'), '{"a":'],
  [
    "bytes",
    typed("application/octet-stream", BYTES),
    { _base64: BYTES.toString("base64"), _content_type: "application/octet-stream" },
  ],
  [
    "bytes that claim to be text",
    typed("text/plain", BYTES),
    { _base64: BYTES.toString("base64"), _content_type: "text/plain" },
  ],
  ["an empty body", typed("application/json", ""), null],
  ["no content", { status: 204 }, null],
];

test.concurrent.for(BODIES)(
  "%s is given to the waiter, the poller and the list alike",
  async ([, step, shown], { expect: the }) => {
    const path = shared.droplet("press").route([step]);
    const result = await submitAndWait(shared.api, { droplet_name: "press", path });
    the(result.status).toBe("success");
    the(result.response_body).toEqual(shown);
    the((await readTask(shared.api, result.task_id)).response_body).toEqual(shown);
    const { tasks } = await listTasks(shared.api, { trace_id: result.trace_id });
    the(tasks.map(({ response_body }) => response_body)).toEqual([shown]);
  },
);

test.concurrent("a body of a failed task is kept as that of one that succeeded", async () => {
  const path = shared.droplet("press").route([{ status: 422, json: { field: "wrong" } }]);
  const result = await submitAndWait(shared.api, { droplet_name: "press", path });
  expect(result).toMatchObject({ status: "error", response_body: { field: "wrong" } });
});

test.concurrent("a body of 20 KB is whole for the waiter and the poller, shortened in lists, and shortened later on", async () => {
  const json = { text: "x".repeat(20 * 1024 - '{"text":""}'.length) };
  const shortened = {
    _truncated: true,
    _original_size_kb: 20,
    _max_size_kb: 10,
    _message: expect.any(String),
  };
  const path = shared.droplet("press").route([{ json }]);
  const result = await submitAndWait(shared.api, { droplet_name: "press", path });
  expect(result.response_body).toEqual(json);
  expect((await readTask(shared.api, result.task_id)).response_body).toEqual(json);
  const { tasks } = await listTasks(shared.api, { trace_id: result.trace_id });
  expect(tasks[0]?.response_body).toEqual(shortened);

  const later = await waitFor(
    "the whole body to go",
    async () => {
      const { response_body } = await readTask(shared.api, result.task_id);
      expect(response_body).toEqual(shortened);
      return true;
    },
    { timeoutMs: RESULT_KEEP_S * 1000 + 5000, everyMs: 200 },
  );
  expect(later).toBe(true);
});

test.concurrent("a body of 20 KB is whole for one who comes to poll after the end", async () => {
  const json = "y".repeat(20 * 1024);
  const path = shared.droplet("press").route([{ json }]);
  const { task_id } = await submitAsync(shared.api, { droplet_name: "press", path });
  expect((await untilEnded(shared.api, task_id)).response_body).toBe(json);
  expect((await readTask(shared.api, task_id, { wait: 1 })).response_body).toBe(json);
});

test.concurrent.for([
  ["announced", {}],
  ["unannounced", { drip: { bytes: BODY_MAX, everyMs: 1 } }],
] as const)(
  "a body over RESPONSE_BODY_MAX, %s, ends the task as RESPONSE_TOO_LARGE without a retry",
  async ([, manner], { expect: the }) => {
    const press = shared.droplet("press");
    const body = "z".repeat(BODY_MAX + 1);
    const length = "drip" in manner ? {} : { "content-length": String(body.length) };
    const path = press.route([
      { headers: { "content-type": "text/plain", ...length }, body, ...manner },
    ]);
    const result = await submitAndWait(shared.api, { droplet_name: "press", path });
    the(result).toMatchObject({
      status: "error",
      response_status: 200,
      retry_count: 0,
      error: { code: "RESPONSE_TOO_LARGE" },
    });
    the(press.callsOf(result.task_id)).toHaveLength(1);
  },
);

test.concurrent("a body of exactly RESPONSE_BODY_MAX is taken whole", async () => {
  const path = shared.droplet("press").route([typed("text/plain", "z".repeat(BODY_MAX))]);
  const result = await submitAndWait(shared.api, { droplet_name: "press", path });
  expect(result).toMatchObject({ status: "success", response_body: "z".repeat(BODY_MAX) });
});

test.concurrent("content-type, content-length, location, retry-after and etag are kept, no other header", async () => {
  const headers = {
    "content-type": "text/plain",
    "content-length": "2",
    location: "/made/7",
    "retry-after": "120",
    etag: '"v1"',
    "set-cookie": "session=secret",
    "x-other": "1",
  };
  const path = shared.droplet("press").route([{ status: 201, headers, body: "ok" }]);
  const { response_headers } = await submitAndWait(shared.api, { droplet_name: "press", path });
  const { "set-cookie": _cookie, "x-other": _other, ...kept } = headers;
  expect(response_headers).toEqual(kept);
});
