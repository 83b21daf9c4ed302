import { expect, test } from "vitest";
import {
  fieldsRefused,
  listTasks,
  refusalOf,
  submit,
  submitAndWait,
  submitAsync,
  type TaskBody,
} from "../support/api-client.ts";
import { send } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";

const BODY_MAX = 20 * 1024;

const shared = shareOrchestrator({
  droplets: ["gate", "untouched"],
  apiEnv: { BODY_MAX: String(BODY_MAX) },
});

const valid = { droplet_name: "gate", path: "/" };

test.concurrent("an unknown droplet is 400 with the names of those there are", async () => {
  const answer = await submit(shared.api, { droplet_name: "Nowhere", path: "/" });
  expect(refusalOf(answer, 400)).toEqual({
    code: "DROPLET_NOT_FOUND",
    message: "Droplet 'Nowhere' not found in registry",
    details: {
      requested_droplet: "Nowhere",
      available_droplets: expect.arrayContaining(["gate", "untouched", "registry"]),
    },
  });
});

test.concurrent("an unknown droplet of a callback is 400 as well", async () => {
  const callback = { droplet_name: "nowhere", path: "/done" };
  const answer = await submit(shared.api, { ...valid, callback });
  expect(refusalOf(answer, 400).code).toBe("DROPLET_NOT_FOUND");
});

const HOUR_MS = 3_600_000;
const MONTH_MS = 30 * 24 * HOUR_MS;

/** What is wrong, and which field the refusal names; everything else of the task is right. */
const WRONG: [field: string, change: TaskBody][] = [
  ["droplet_name", { droplet_name: undefined }],
  ["droplet_name", { droplet_name: "" }],
  ["droplet_name", { droplet_name: "x".repeat(256) }],
  ["droplet_name", { droplet_name: 7 }],
  ["method", { method: "get" }],
  ["method", { method: "TRACE" }],
  ["method", { method: null }],
  ["path", { path: undefined }],
  ["path", { path: "" }],
  ["path", { path: `/${"x".repeat(2048)}` }],
  ["path", { path: ["/"] }],
  ["path", { path: "/a\r\nX-Forged: 1" }],
  ["headers", { headers: "X-A: 1" }],
  ["headers", { headers: ["X-A"] }],
  ["headers.X-A", { headers: { "X-A": 1 } }],
  ["headers.X A", { headers: { "X A": "1" } }],
  ["headers.X-A", { headers: { "X-A": "1\r\nX-B: 2" } }],
  ["headers.Host", { headers: { Host: "elsewhere" } }],
  ["headers.content-length", { headers: { "content-length": "3" } }],
  ["headers.Transfer-Encoding", { headers: { "Transfer-Encoding": "chunked" } }],
  ["headers.X-Task-Id", { headers: { "X-Task-Id": "forged" } }],
  ["headers.Idempotency-Key", { headers: { "Idempotency-Key": "forged" } }],
  ["meta", { meta: ["a"] }],
  ["meta", { meta: { note: "x".repeat(4096) } }],
  ["priority", { priority: "urgent" }],
  ["delay_ms", { delay_ms: -1 }],
  ["delay_ms", { delay_ms: MONTH_MS + 1 }],
  ["delay_ms", { delay_ms: 1.5 }],
  ["delay_ms", { delay_ms: "5" }],
  ["delay_ms", { delay_ms: 1000, deadline_ms: 1000 }],
  ["deadline_ms", { deadline_ms: 0 }],
  ["deadline_ms", { deadline_ms: -5 }],
  ["timeout_ms", { timeout_ms: 0 }],
  ["timeout_ms", { timeout_ms: HOUR_MS + 1 }],
  ["attempt_timeout_ms", { attempt_timeout_ms: 0 }],
  ["attempt_timeout_ms", { attempt_timeout_ms: HOUR_MS + 1 }],
  ["max_retries", { max_retries: -1 }],
  ["max_retries", { max_retries: 21 }],
  ["max_retries", { max_retries: 0.5 }],
  ["delivery", { delivery: "exactly_once" }],
  ["when_open", { when_open: "wait" }],
  ["callback", { callback: "gate" }],
  ["callback.path", { callback: { droplet_name: "gate" } }],
];

test.concurrent.for(WRONG)(
  "%s is refused by name when it is %j",
  async ([field, change], { expect: the }) => {
    the(fieldsRefused(await submit(shared.api, { ...valid, ...change }))).toContain(field);
  },
);

test.concurrent("every wrong field is named at once", async () => {
  const answer = await submit(shared.api, { droplet_name: "", path: 1, max_retries: 99 });
  expect(fieldsRefused(answer).toSorted()).toEqual(["droplet_name", "max_retries", "path"]);
});

test.concurrent("the largest values there are pass", async () => {
  const { status } = await submitAndWait(shared.api, {
    ...valid,
    path: `/${"x".repeat(2047)}`,
    meta: { note: "x".repeat(4096 - '{"note":""}'.length) },
    timeout_ms: HOUR_MS,
    attempt_timeout_ms: HOUR_MS,
    max_retries: 20,
    deadline_ms: Number.MAX_SAFE_INTEGER,
  });
  expect(status).toBe("success");
  await submitAsync(shared.api, { ...valid, delay_ms: MONTH_MS });
});

test.concurrent("fields we do not know are ignored and named in warnings", async () => {
  const { status, body } = await submit(shared.api, { ...valid, retries: 5, colour: "red" });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    status: "success",
    warnings: [expect.stringContaining("retries"), expect.stringContaining("colour")],
  });
});

const post = { method: "POST" } as const;
const TASKS = "/orchestrator/tasks";

test.concurrent.for(['{"droplet_name":', "{'droplet_name':'gate'}", "not json", '{"a":1}{"b":2}'])(
  "a body that is not JSON is 400: %s",
  async (body, { expect: the }) => {
    const headers = { "content-type": "application/json" };
    const { code } = refusalOf(await send(shared.api, TASKS, { ...post, headers, body }), 400);
    the(code).toBe("INVALID_REQUEST");
  },
);

test.concurrent.for(["[]", "null", '"gate"', "7", "true", ""])(
  "a body that is no object is 400: %s",
  async (body, { expect: the }) => {
    const headers = { "content-type": "application/json" };
    const { code } = refusalOf(await send(shared.api, TASKS, { ...post, headers, body }), 400);
    the(code).toBe("INVALID_REQUEST");
  },
);

test.concurrent("a body over BODY_MAX is 413, sent whole or in chunks; one that just fits is taken", async () => {
  const empty = JSON.stringify({ ...valid, payload: "" });
  const fitting = { ...valid, payload: "x".repeat(BODY_MAX - empty.length) };
  const over = JSON.stringify({ ...fitting, payload: `${fitting.payload}x` });
  const chunked = { "transfer-encoding": "chunked", "content-type": "application/json" };
  const [whole, inChunks, taken] = await Promise.all([
    send(shared.api, TASKS, { ...post, body: over }),
    send(shared.api, TASKS, { ...post, body: over, headers: chunked }),
    submit(shared.api, fitting),
  ]);
  expect(refusalOf(whole, 413).code).toBe("PAYLOAD_TOO_LARGE");
  expect(refusalOf(inChunks, 413).code).toBe("PAYLOAD_TOO_LARGE");
  expect(taken.status).toBe(200);
});

test.concurrent.for([
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/xml",
  "application/jsonp",
  "nonsense",
  "application/json; charset=ebcdic",
])("a body of type %s is 415", async (type, { expect: the }) => {
  const headers = { "content-type": type };
  const answer = await send(shared.api, TASKS, { ...post, headers, json: valid });
  the(refusalOf(answer, 415).code).toBe("UNSUPPORTED_MEDIA_TYPE");
});

test.concurrent.for([
  undefined,
  "application/json",
  "application/json; charset=utf-8",
  "Application/JSON",
  "application/vnd.mesh.task+json",
])("a body of type %s is taken as JSON", async (type, { expect: the }) => {
  const headers = type === undefined ? {} : { "content-type": type };
  const answer = await send(shared.api, TASKS, { ...post, headers, body: JSON.stringify(valid) });
  the(answer.status).toBe(200);
});

test.concurrent.for([
  "/orchestrator/nothing",
  "/nothing",
  "/orchestrator/tasks/a/b/c",
  "/orchestrators",
])("%s is 404 in the shape of every error", async (path, { expect: the }) => {
  the(refusalOf(await send(shared.api, path), 404).code).toBe("NOT_FOUND");
});

test.concurrent.for(["550e8400-e29b-41d4-a716-446655440000", "x", "%7B%7D", "a".repeat(500)])(
  "a task nobody knows is 404: %s",
  async (id, { expect: the }) => {
    const answer = await send(shared.api, `${TASKS}/${id}`);
    the(refusalOf(answer, 404).code).toBe("TASK_NOT_FOUND");
  },
);

test.concurrent("a path with a broken percent-encoding is 400", async () => {
  const answer = await send(shared.api, `${TASKS}/%E0%A4%A`);
  expect(refusalOf(answer, 400).code).toBe("INVALID_REQUEST");
});

test.concurrent.for([
  ["PUT", "/orchestrator/tasks", ["GET", "POST"]],
  ["DELETE", "/orchestrator/tasks", ["GET", "POST"]],
  ["PUT", "/tasks", ["GET", "POST"]],
  ["PUT", "/orchestrator/tasks/550e8400-e29b-41d4-a716-446655440000", ["GET"]],
  ["POST", "/orchestrator/droplets", ["GET"]],
  ["POST", "/orchestrator/health", ["GET"]],
  ["POST", "/orchestrator/healthz/live", ["GET"]],
  ["POST", "/orchestrator/healthz/ready", ["GET"]],
] as const)(
  "%s %s is 405 and says what is allowed",
  async ([method, path, allowed], { expect: the }) => {
    const answer = await send(shared.api, path, { method });
    the(refusalOf(answer, 405).code).toBe("METHOD_NOT_ALLOWED");
    const allow = String(answer.headers.allow).split(/\s*,\s*/);
    the(allow).toEqual(the.arrayContaining([...allowed]));
    the(allow).not.toContain(method);
  },
);

test.concurrent("a refused request leaves no task behind", async () => {
  const task = { droplet_name: "untouched", path: "/" };
  await Promise.all([
    submit(shared.api, { ...task, method: "get" }),
    submit(shared.api, task, { wait: "soon" }),
    send(shared.api, TASKS, { ...post, body: `{"droplet_name":"untouched","path":"/"` }),
  ]);
  expect(await listTasks(shared.api, { droplet_name: "untouched" })).toMatchObject({ total: 0 });
  expect(shared.droplet("untouched").requests).toEqual([]);
});
