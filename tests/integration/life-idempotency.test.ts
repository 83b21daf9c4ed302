import { createHash, randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import {
  fieldsRefused,
  readTask,
  refusalOf,
  submit,
  submitAndWait,
  submitAsync,
  untilEnded,
} from "../support/api-client.ts";
import { onRedis } from "../support/redis-commands.ts";
import type { ScriptedDroplet } from "../support/scripted-droplet.ts";
import { send, type Answer } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const shared = shareOrchestrator({ droplets: ["shop"], apis: 2, workers: 2 });

/** Large enough to be kept beside the record. */
const LARGE = { text: "x".repeat(20_000) };

const keyed = (key: string) => ({ headers: { "idempotency-key": key } });

function api(n: number) {
  return shared.orchestrator.apis[n % 2] ?? shared.api;
}

function shop(): ScriptedDroplet {
  return shared.droplet("shop");
}

function taskIdOf(answer: Answer): string {
  return (answer.body as { task_id: string }).task_id;
}

/** As the API names the claim of a key when nobody is signed in. */
function claimKeyOf(key: string): string {
  const name = createHash("sha256")
    .update(JSON.stringify([null, key]))
    .digest("hex");
  return `${shared.orchestrator.keyPrefix}:claim:{${name}}`;
}

test("50 posts with one key at once over two API processes make one call, and everyone gets the same whole answer", async () => {
  const path = shop().route([{ afterMs: 400, json: LARGE }]);
  const body = { droplet_name: "shop", method: "POST", path, payload: { order: 7 } };
  const key = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 50 }, async (_, n) => await submit(api(n), body, keyed(key))),
  );
  const calls = shop().requests.filter((request) => request.path === path);
  expect(calls).toHaveLength(1);
  for (const answer of answers) {
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(answers[0]?.body);
    expect(answer.body).toMatchObject({ task_id: calls[0]?.taskId, response_body: LARGE });
  }
  const record = await untilEnded(api(1), String(calls[0]?.taskId));
  expect(record.trace_id).toBe(calls[0]?.headers["x-trace-id"]);
});

test.concurrent("a second caller joins the running wait from another process, with or without waiting", async () => {
  const path = shop().route([{ afterMs: 1500, json: "shared" }]);
  const body = { droplet_name: "shop", path };
  const key = randomUUID();
  const first = submit(api(0), body, keyed(key));
  const [call] = await shop().untilRequests(1, (request) => request.path === path);
  const id = String(call?.taskId);
  await waitFor("it to run", async () => (await readTask(api(1), id)).status === "running");

  const hurried = await submit(api(1), body, { ...keyed(key), wait: false });
  expect(hurried.status).toBe(202);
  expect(hurried.body).toMatchObject({ task_id: call?.taskId, status: "running" });
  const impatient = await submit(api(1), body, { ...keyed(key), wait: 0.2 });
  expect(impatient.status).toBe(202);

  const [one, other] = await Promise.all([first, submit(api(1), body, keyed(key))]);
  for (const answer of [one, other]) {
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ task_id: call?.taskId, response_body: "shared" });
    expect(answer.headers).not.toHaveProperty("idempotency-replayed");
  }
});

test.concurrent("an ended task is replayed as it was, whatever the wait, and says so", async () => {
  const path = shop().route([{ status: 404, json: LARGE }, 200]);
  const body = { droplet_name: "shop", path };
  const key = randomUUID();
  const first = await submit(api(0), body, keyed(key));
  expect(first.body).toMatchObject({ status: "error", response_status: 404 });
  for (const wait of [true, false, 3]) {
    const again = await submit(api(1), body, { ...keyed(key), wait });
    expect(again.status).toBe(200);
    expect(again.headers["idempotency-replayed"]).toBe("true");
    expect(again.body).toEqual(first.body);
  }
  expect(shop().callsOf(taskIdOf(first))).toHaveLength(1);
});

test.concurrent("the same key with another request is 422, whichever process it comes to", async () => {
  const path = shop().route([200]);
  const body = { droplet_name: "shop", path, payload: { a: 1 } };
  const key = randomUUID();
  const first = await submitAndWait(api(0), body, keyed(key));
  const others = [
    { ...body, payload: { a: 2 } },
    { ...body, path: `${path}?x=1` },
    { ...body, method: "POST" },
    { ...body, headers: { "x-extra": "1" } },
    { ...body, max_retries: 9 },
    { ...body, timeout_ms: 1234 },
  ];
  for (const other of others) {
    const { code, details } = refusalOf(await submit(api(1), other, keyed(key)), 422);
    expect(code).toBe("IDEMPOTENCY_MISMATCH");
    expect(details).toMatchObject({ task_id: first.task_id });
  }
  expect(await submitAndWait(api(1), body, keyed(key))).toEqual(first);
  expect(shop().requests.filter((request) => request.path.startsWith(path))).toHaveLength(1);
});

test.concurrent("of different requests racing for one key exactly one becomes a task", async () => {
  const path = shop().route([200]);
  const key = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 10 }, async (_, n) => {
      const body = { droplet_name: "shop", path, payload: n };
      return await submit(api(n), body, keyed(key));
    }),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 422)).toHaveLength(9);
  expect(shop().requests.filter((request) => request.path === path)).toHaveLength(1);
});

test.concurrent("field order, defaults spelled out, quotes, headers, query and waiting do not make another request", async () => {
  const path = shop().route([200]);
  const key = randomUUID();
  const first = await submitAndWait(
    api(0),
    { droplet_name: "shop", path, payload: { a: 1, b: { c: 2, d: [3] } } },
    keyed(key),
  );
  const reordered = { payload: { b: { d: [3], c: 2 }, a: 1 }, path, droplet_name: "shop" };
  const defaults = {
    method: "GET",
    headers: {},
    meta: {},
    priority: "normal",
    delay_ms: 0,
    timeout_ms: 30_000,
    attempt_timeout_ms: 10_000,
    max_retries: 3,
    delivery: "at_least_once",
    when_open: "queue",
  };
  const again = [
    await submit(api(1), reordered, keyed(key)),
    await submit(api(1), { ...reordered, ...defaults }, keyed(key)),
    await submit(api(1), { ...reordered, not_a_field: 1 }, keyed(key)),
    await submit(api(1), reordered, keyed(`"${key}"`)),
    await submit(api(1), reordered, {
      headers: { "idempotency-key": key, "x-trace-id": "another-trace", prefer: "respond-async" },
    }),
    await submit(api(1), reordered, { ...keyed(key), wait: false }),
  ];
  for (const answer of again) {
    expect(answer.status, answer.text).toBe(200);
    expect(taskIdOf(answer)).toBe(first.task_id);
    expect(answer.headers["idempotency-replayed"]).toBe("true");
  }
});

test.concurrent.for([
  ["empty", ""],
  ["quoted empty", '""'],
  ["with a space", "a b"],
  ["quoted with a space", '"a b"'],
  ["not ASCII", "schlüssel"],
  ["of 256 characters", "k".repeat(256)],
  ["given twice", ["one", "two"]],
] as [string, string | string[]][])(
  "a key that is %s is refused by name",
  async ([, key], { expect: the }) => {
    const answer = await send(shared.api, "/orchestrator/tasks", {
      method: "POST",
      json: { droplet_name: "shop", path: "/" },
      headers: { "idempotency-key": key },
    });
    the(fieldsRefused(answer)).toEqual(["Idempotency-Key"]);
  },
);

test.concurrent("a key of 255 characters, of any visible kind, is taken", async () => {
  const key = `!~"\\${randomUUID()}`.padEnd(255, "#");
  const body = { droplet_name: "shop", path: shop().route([200]) };
  const first = await submitAndWait(shared.api, body, keyed(key));
  expect((await submitAndWait(shared.api, body, keyed(key))).task_id).toBe(first.task_id);
});

test.concurrent("a claim whose maker died before the add is healed under the same id, once", async () => {
  const path = shop().route([200, "hang"]);
  const body = { droplet_name: "shop", path, payload: { paid: true } };
  const [model, key] = [randomUUID(), randomUUID()];
  await submitAndWait(api(0), body, keyed(model));
  const taskId = randomUUID();
  const context = await onRedis(shared.orchestrator.redisUrl, async (redis) => {
    // All that a process killed right after the claim has left.
    const { f, c } = await redis.hgetall(claimKeyOf(model));
    await redis.hset(claimKeyOf(key), { t: taskId, f: f ?? "", c: c ?? "" });
    await redis.pexpire(claimKeyOf(key), 60_000);
    return c ?? "";
  });
  const waiting = Promise.all(
    Array.from({ length: 10 }, async (_, n) => await submit(api(n), body, keyed(key))),
  );
  // Both processes have asked to be told: nobody there depends on looking again by themselves.
  const watchers = `${shared.orchestrator.keyPrefix}:task:{${taskId}}:watchers`;
  await waitFor("both processes to wait for it", async () => {
    return await onRedis(
      shared.orchestrator.redisUrl,
      async (redis) => (await redis.scard(watchers)) === 2,
    );
  });
  await shop().release({ json: "healed" });
  const [call, ...more] = shop().callsOf(taskId);
  expect(more).toEqual([]);
  // Whoever added it and whoever wrote it down: it has the trace of the request that claimed it.
  const { traceId } = JSON.parse(context) as { traceId: string };
  expect(call?.headers["x-trace-id"]).toBe(traceId);
  expect((await untilEnded(api(0), taskId)).trace_id).toBe(traceId);
  for (const answer of await waiting) {
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toMatchObject({ task_id: taskId, response_body: "healed" });
  }
});

test.concurrent("a refused request leaves no claim: the key is free for the right one", async () => {
  const path = shop().route([200]);
  const key = randomUUID();
  const refused = [
    await submit(api(0), { droplet_name: "nobody", path }, keyed(key)),
    await submit(api(0), { droplet_name: "shop", path: "/a b" }, keyed(key)),
    await submit(api(0), { droplet_name: "shop", path, max_retries: 21 }, keyed(key)),
    await submit(api(0), { droplet_name: "shop", path }, { ...keyed(key), wait: "soon" }),
  ];
  expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
  const dryRun = await send(api(0), "/orchestrator/tasks?dry_run=true", {
    method: "POST",
    json: { droplet_name: "shop", path, payload: "asked only" },
    ...keyed(key),
  });
  expect(dryRun.status).toBe(200);
  await onRedis(shared.orchestrator.redisUrl, async (redis) => {
    expect(await redis.exists(claimKeyOf(key))).toBe(0);
  });
  const result = await submitAndWait(api(1), { droplet_name: "shop", path }, keyed(key));
  expect(result.status).toBe("success");
});

test.concurrent("a key for a task that starts later stands for it from the beginning", async () => {
  const body = { droplet_name: "shop", path: shop().route([200]), delay_ms: 1000 };
  const key = randomUUID();
  const first = await submitAsync(api(0), body, keyed(key));
  const joined = await submitAndWait(api(1), body, { ...keyed(key), wait: 10 });
  expect(joined).toMatchObject({ task_id: first.task_id, status: "success" });
  expect(shop().callsOf(first.task_id)).toHaveLength(1);
});
