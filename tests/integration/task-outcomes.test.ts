import { expect, test } from "vitest";
import { readTask, submit, submitAndWait } from "../support/api-client.ts";
import { perTask } from "../support/scripted-droplet.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";

const SEVEN_FIELDS = [
  "task_id",
  "status",
  "target_url",
  "response_status",
  "response_body",
  "retry_count",
  "duration_ms",
];

const shared = shareOrchestrator({ droplets: ["mill"] });

test.concurrent("a task that succeeds is answered with all seven fields first", async () => {
  const mill = shared.droplet("mill");
  const path = mill.route([{ json: { flour: 3 } }]);
  const { status, body } = await submit(shared.api, { droplet_name: "mill", path });

  expect(status).toBe(200);
  expect(Object.keys(body as object).slice(0, 7)).toEqual(SEVEN_FIELDS);
  expect(body).toMatchObject({
    task_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    status: "success",
    target_url: mill.url + path,
    response_status: 200,
    response_body: { flour: 3 },
    retry_count: 0,
    duration_ms: expect.any(Number),
    response_headers: { "content-type": "application/json" },
    error: null,
  });
});

test.concurrent("the droplet gets method, path with query, payload and headers as the caller gave them", async () => {
  const { task_id, response_body } = await submitAndWait(shared.api, {
    droplet_name: "mill",
    method: "PATCH",
    path: "grind/fine?sort=a%20b&sort=c",
    payload: { grain: ["rye", "oat"] },
    headers: { "X-Miller": "Åse", Authorization: "Bearer of-the-caller" },
  });

  expect(response_body).toMatchObject({
    method: "PATCH",
    path: "/grind/fine?sort=a%20b&sort=c",
    body: { grain: ["rye", "oat"] },
    headers: { authorization: "Bearer of-the-caller", "content-type": "application/json" },
  });
  expect(shared.droplet("mill").callsOf(task_id)[0]?.headers["x-miller"]).toBe("Åse");
});

test.concurrent("every call says which task, attempt and trace it belongs to and how long it may take", async () => {
  const path = shared.droplet("mill").route(perTask([503, 200]));
  const before = { authorization: "Bearer for-the-orchestrator-only" };
  const { task_id, trace_id } = await submitAndWait(
    shared.api,
    { droplet_name: "mill", path, attempt_timeout_ms: 4000 },
    { headers: before },
  );

  const calls = shared.droplet("mill").callsOf(task_id);
  expect(calls.map(({ attempt }) => attempt)).toEqual([1, 2]);
  for (const { headers } of calls) {
    expect(headers).toMatchObject({
      "x-task-id": task_id,
      "idempotency-key": task_id,
      "x-trace-id": trace_id,
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/),
      "user-agent": expect.stringMatching(/^orchestrator\/\d/),
      "x-request-deadline": expect.stringMatching(/^\d+$/),
    });
    expect(Number(headers["x-request-deadline"])).toBeLessThanOrEqual(4000);
    expect(headers).not.toHaveProperty("authorization");
  }
});

test.concurrent("a flaky droplet is tried again after 1 and 2 s until it answers", async () => {
  const path = shared.droplet("mill").route(perTask([503, 503, 200]));
  const result = await submitAndWait(shared.api, { droplet_name: "mill", path });

  expect(result).toMatchObject({ status: "success", retry_count: 2, response_status: 200 });
  const [first, second, third] = shared.droplet("mill").callsOf(result.task_id);
  expect((second?.arrivedAt ?? 0) - (first?.arrivedAt ?? 0)).toBeGreaterThanOrEqual(980);
  expect((third?.arrivedAt ?? 0) - (second?.arrivedAt ?? 0)).toBeGreaterThanOrEqual(1980);
  expect(result.duration_ms).toBeGreaterThanOrEqual(2980);
  expect(result.duration_ms).toBeLessThan(5000);
});

test.concurrent("a failing droplet is tried four times in about 7 s, and its last answer is kept", async () => {
  const path = shared
    .droplet("mill")
    .route(({ nthOfTask }) => ({ status: 500, json: { broken: nthOfTask } }));
  const result = await submitAndWait(shared.api, { droplet_name: "mill", path });

  expect(result).toMatchObject({
    status: "error",
    retry_count: 3,
    response_status: 500,
    response_body: { broken: 4 },
    error: { code: "DROPLET_ERROR", message: expect.stringContaining("500") },
  });
  expect(result.duration_ms).toBeGreaterThanOrEqual(6980);
  expect(result.duration_ms).toBeLessThan(10_000);

  const { attempts, started_at, completed_at } = await readTask(shared.api, result.task_id);
  expect(attempts.map(({ retry_in_ms }) => retry_in_ms)).toEqual([1000, 2000, 4000, null]);
  expect(attempts.every(({ outcome }) => outcome === "responded")).toBe(true);
  expect((completed_at ?? 0) - (started_at ?? 0)).toBeCloseTo(result.duration_ms / 1000, 1);
});

test.concurrent.for([
  [404, 1],
  [301, 1],
  [501, 1],
  [505, 1],
  [408, 2],
  [425, 2],
  [429, 2],
  [502, 2],
] as const)(
  "an answer of %i is asked for %i time(s) when one retry is allowed",
  async ([status, times], { expect: the }) => {
    const path = shared.droplet("mill").route([status]);
    const result = await submitAndWait(shared.api, { droplet_name: "mill", path, max_retries: 1 });

    the(result).toMatchObject({
      status: "error",
      response_status: status,
      response_body: { answered: status },
      retry_count: times - 1,
      error: { code: "DROPLET_ERROR" },
    });
    the(shared.droplet("mill").callsOf(result.task_id)).toHaveLength(times);
  },
);

test.concurrent("a connection that is reset is tried again, and the attempt kept as sent without a response", async () => {
  const path = shared.droplet("mill").route(perTask(["reset", 200]));
  const result = await submitAndWait(shared.api, { droplet_name: "mill", path });

  expect(result).toMatchObject({ status: "success", retry_count: 1 });
  const { attempts } = await readTask(shared.api, result.task_id);
  expect(attempts).toMatchObject([
    { number: 1, outcome: "sent_no_response", response_status: null, retry_in_ms: 1000 },
    { number: 2, outcome: "responded", response_status: 200, retry_in_ms: null },
  ]);
});

test.concurrent("a droplet that never answers ends the task as timeout when its time is up", async () => {
  const path = shared.droplet("mill").route(["hang"]);
  const task = { droplet_name: "mill", path, timeout_ms: 400, attempt_timeout_ms: 400 };
  const result = await submitAndWait(shared.api, task);

  expect(result).toMatchObject({
    status: "timeout",
    response_status: null,
    response_body: null,
    retry_count: 0,
    error: { code: "TIMEOUT" },
  });
  expect(result.duration_ms).toBeGreaterThanOrEqual(400);
  expect(result.duration_ms).toBeLessThan(1500);
  const [call] = await shared
    .droplet("mill")
    .untilRequests(1, ({ taskId, wasAbandoned }) => taskId === result.task_id && wasAbandoned);
  expect(call?.attempt).toBe(1);
});

test.concurrent("a body that drips in slower than the attempt may take ends the attempt", async () => {
  const drip = { body: "x".repeat(100), drip: { bytes: 1, everyMs: 100 } };
  const path = shared.droplet("mill").route([drip]);
  const task = { droplet_name: "mill", path, attempt_timeout_ms: 500, max_retries: 0 };
  const result = await submitAndWait(shared.api, task);

  expect(result).toMatchObject({ status: "timeout", error: { code: "TIMEOUT" } });
  expect(result.duration_ms).toBeLessThan(2000);
});

test.concurrent.for([
  ["a banner of another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
  ["a broken header", "HTTP/1.1 200 OK\r\nbroken header\r\n\r\n"],
  ["a broken length", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\nab"],
  ["a broken chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"],
] as const)(
  "%s ends the task as BAD_RESPONSE without a retry",
  async ([, raw], { expect: the }) => {
    const path = shared.droplet("mill").route([{ raw }]);
    const result = await submitAndWait(shared.api, { droplet_name: "mill", path, max_retries: 1 });

    the(result).toMatchObject({ status: "error", error: { code: "BAD_RESPONSE" } });
    the(shared.droplet("mill").callsOf(result.task_id)).toHaveLength(1);
  },
);

test.concurrent("a Retry-After longer than our own wait is honoured", async () => {
  const busy = { status: 429, headers: { "retry-after": "2" } };
  const path = shared.droplet("mill").route(perTask([busy, 200]));
  const result = await submitAndWait(shared.api, { droplet_name: "mill", path });

  expect(result).toMatchObject({ status: "success", retry_count: 1 });
  expect(result.duration_ms).toBeGreaterThanOrEqual(1980);
});

test.concurrent("a droplet is found whatever the case of its name", async () => {
  const path = shared.droplet("mill").route([200]);
  const result = await submitAndWait(shared.api, { droplet_name: "MiLL", path });
  expect(result.status).toBe("success");
});

test.concurrent("at_most_once sends once: a 5xx ends it, silence ends it as OUTCOME_UNKNOWN", async () => {
  const mill = shared.droplet("mill");
  const once = { droplet_name: "mill", delivery: "at_most_once" };
  const [refused, silent] = await Promise.all([
    submitAndWait(shared.api, { ...once, path: mill.route([503]) }),
    submitAndWait(shared.api, { ...once, path: mill.route(["reset"]) }),
  ]);

  expect(refused).toMatchObject({ status: "error", error: { code: "DROPLET_ERROR" } });
  expect(silent).toMatchObject({ status: "error", error: { code: "OUTCOME_UNKNOWN" } });
  for (const { task_id } of [refused, silent]) expect(mill.callsOf(task_id)).toHaveLength(1);
});
