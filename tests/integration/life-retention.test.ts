import { randomUUID } from "node:crypto";
import { newTask } from "@orchestrator/core";
import { TaskRequest } from "@orchestrator/contract";
import { FAILING_FAST, openStore, type connectToOne } from "@orchestrator/queue";
import { expect, test, vi } from "vitest";
import { listTasks, readTask, submit, submitAndWait, submitAsync } from "../support/api-client.ts";
import { onRedis } from "../support/redis-commands.ts";
import { startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

// Each starts processes of its own, on a machine that may be busy with other tests.
vi.setConfig({ testTimeout: 120_000 });

/** What one kept task may take of Redis, its body aside. */
const BYTES_PER_TASK_MAX = 2048;

/** Trimming spares what has just ended for some seconds, and comes in rounds. */
const TRIMMED = { timeoutMs: 60_000, everyMs: 200 };

const SHARED_TRACE = "retention-of-several";

type Redis = ReturnType<typeof connectToOne>;

async function keysUnder(redis: Redis, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 1000 })) {
    found.push(...(keys as string[]));
  }
  return found;
}

/** A key without what tells one task, claim or process from another. */
function patternOf(key: string): string {
  return key
    .replace(/^[^:]+:/, "")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "<id>")
    .replaceAll(/[0-9a-f]{64}/g, "<hash>")
    .replaceAll(/\d{6,}/g, "<n>");
}

function countPatterns(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(patternOf(key), (counts.get(patternOf(key)) ?? 0) + 1);
  return counts;
}

/** Submits so many tasks, and waits until all have ended. */
async function run(
  { api }: Orchestrator,
  droplet: ScriptedDroplet,
  count: number,
): Promise<string[]> {
  const meta = { requested_by: `retention-${randomUUID().slice(0, 4)}` };
  const ids: string[] = [];
  // One by one, for each to have a trace of its own as it usually has.
  for (let start = 0; start < count; start += 25) {
    const some = Array.from({ length: Math.min(25, count - start) }, async (_, n) => {
      const path = `/orders/${start + n}?expand=lines`;
      return await submitAsync(api, { droplet_name: droplet.name, path, meta });
    });
    ids.push(...(await Promise.all(some)).map(({ task_id }) => task_id));
  }

  const known = new Set(ids);
  await droplet.untilRequests(count, ({ taskId }) => known.has(taskId ?? ""), {
    timeoutMs: 60_000,
  });
  for (const status of ["running", "queued"]) {
    await waitFor(`none to be ${status}`, async () => {
      return (await listTasks(api, { ...meta, status, limit: 1 })).total === 0;
    });
  }
  return ids;
}

test.concurrent("TASK_MAX_HISTORY holds: records, lists and bodies go together, and what has not ended stays", async () => {
  const KEEP = 20;
  await using droplet = await startDroplet("busy", [{ body: "x".repeat(11_000) }]);
  await using hung = await startDroplet("hung", ["hang"]);
  await using orchestrator = await startOrchestrator({
    droplets: [droplet, hung],
    env: { TASK_MAX_HISTORY: String(KEEP) },
  });
  const { api, keyPrefix, redisUrl } = orchestrator;
  const unended = [
    await submitAsync(api, { droplet_name: "hung", path: "/" }),
    await submitAsync(api, { droplet_name: "busy", path: "/", delay_ms: 3_600_000 }),
  ];
  const keyed = { headers: { "idempotency-key": "older-than-the-history" } };
  const first = { droplet_name: "busy", path: "/first" };
  const original = await submitAndWait(api, first, keyed);
  const traced = { headers: { "x-trace-id": SHARED_TRACE } };
  for (let n = 0; n < 3; n++) await submitAndWait(api, { droplet_name: "busy", path: "/" }, traced);
  expect((await listTasks(api, { trace_id: SHARED_TRACE })).total).toBe(3);
  const ids = await run(orchestrator, droplet, 3 * KEEP);

  const isTrimmed = async (): Promise<boolean> =>
    (await listTasks(api, { status: "success" })).total === KEEP;
  await waitFor("the history to be trimmed", isTrimmed, TRIMMED);
  expect((await listTasks(api, { trace_id: SHARED_TRACE })).total).toBe(0);
  const page = await listTasks(api, { limit: 1000 });
  expect([page.total, page.tasks.length]).toEqual([KEEP + unended.length, KEEP + unended.length]);
  expect((await send(api, `/orchestrator/tasks/${ids[0]}`)).status).toBe(404);
  for (const { task_id } of unended) {
    expect((await readTask(api, task_id)).completed_at).toBeNull();
  }
  const survivors = (await listTasks(api, { status: "success" })).tasks.map(({ id }) => id);
  await waitFor("no key of a trimmed task to be left", async () => {
    const keys = await onRedis(redisUrl, async (redis) => await keysUnder(redis, keyPrefix));
    const of = (pattern: string): string[] => keys.filter((key) => patternOf(key) === pattern);
    expect(of("task:{<id>}")).toHaveLength(KEEP + unended.length);
    expect(of("task:{<id>}:body")).toHaveLength(KEEP);
    expect(of("task:{<id>}:watchers")).toEqual([]);
    expect(of("claim:{<hash>}")).toHaveLength(1);
    for (const id of survivors) expect(keys).toContain(`${keyPrefix}:task:{${id}}`);
    return true;
  });
  await onRedis(redisUrl, async (redis) => {
    const all = `${keyPrefix}:{all}:`;
    expect(await redis.hlen(`${all}task`)).toBe(KEEP + unended.length);
    expect(await redis.hlen(`${all}traces`)).toBe(KEEP + unended.length);
    expect(await redis.zcard(`${all}ended`)).toBe(KEEP);
    expect(await redis.hlen(`${all}bodySizes`)).toBe(KEEP);
    expect(await redis.get(`${all}bodyBytes`)).toBe(String(KEEP * 11_002));
    const expiry = await redis.pttl(`${keyPrefix}:task:{${unended[0]?.task_id}}`);
    expect(expiry).toBe(-1);
  });

  // The key's promise outlives the record: status, numbers and error, without the body.
  expect((await send(api, `/orchestrator/tasks/${original.task_id}`)).status).toBe(404);
  const replayed = await submit(api, first, keyed);
  expect(replayed.status).toBe(200);
  expect(replayed.headers["idempotency-replayed"]).toBe("true");
  expect(replayed.body).toEqual({
    ...original,
    response_body: null,
    warnings: [expect.stringContaining("no longer in the history")],
  });
  expect(droplet.callsOf(original.task_id)).toHaveLength(1);
});

test.concurrent("what ended more than 24 h ago goes although there is room, and what has not ended stays", async () => {
  await using droplet = await startDroplet("old");
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const { api, keyPrefix, redisUrl, cacheDir, registry } = orchestrator;
  await using store = await openStore({
    redisUrl,
    keyPrefix,
    name: "test",
    manners: FAILING_FAST,
    bodyLimits: { keepMs: 60_000, bytesMax: 1024 * 1024 },
    registryUrl: registry.url,
    registryCacheExpiryMs: 60_000,
    registryCacheDir: cacheDir,
    onError: () => {},
  });
  const HOUR_MS = 3_600_000;
  const ids = { old: randomUUID(), recent: randomUUID(), unended: randomUUID() };
  for (const [name, id] of Object.entries(ids)) {
    const createdAt = Date.now() - 30 * HOUR_MS;
    const request = TaskRequest.parse({ droplet_name: "old", path: "/" });
    const task = newTask(
      request,
      { timeoutMs: 1000, maxRetries: 0 },
      {
        id,
        dropletName: "old",
        callbackDropletName: null,
        path: "/",
        traceId: `trace-${name}`,
        traceparent: null,
        caller: null,
        claim: null,
        replayedFrom: null,
        hops: 1,
        nowMs: createdAt,
      },
    );
    await store.ledger.submitted(task);
    if (name === "unended") continue;
    await store.ledger.end(
      {
        task,
        end: { status: "error", error: null },
        nowMs: Date.now() - (name === "old" ? 24.01 : 23.9) * HOUR_MS,
        attempt: null,
        response: null,
        targetUrl: null,
        replyChannel: null,
        input: null,
      },
      [],
    );
  }
  await waitFor(
    "the old one to go",
    async () => (await send(api, `/orchestrator/tasks/${ids.old}`)).status === 404,
    TRIMMED,
  );
  expect((await readTask(api, ids.recent)).status).toBe("error");
  expect((await readTask(api, ids.unended)).status).toBe("queued");
  expect((await listTasks(api, { trace_id: "trace-old" })).total).toBe(0);
  expect((await listTasks(api)).total).toBe(2);
});

test.concurrent("a kept task takes less than 2 KB of Redis, and no key is there that nothing accounts for", async () => {
  const TASKS = 600;
  await using droplet = await startDroplet("measured", [{ json: {} }]);
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const { keyPrefix, redisUrl } = orchestrator;
  await run(orchestrator, droplet, 200);
  const before = await measure(redisUrl, keyPrefix);
  await run(orchestrator, droplet, TASKS);
  const after = await measure(redisUrl, keyPrefix);

  const bytesPerTask = Math.round((keptBytes(after) - keptBytes(before)) / TASKS);
  const parts = Object.entries(after.bytesOf)
    .map(([pattern, bytes]) => [pattern, bytes - (before.bytesOf[pattern] ?? 0)] as const)
    .filter(([, bytes]) => Math.abs(bytes) > TASKS)
    .map(([pattern, bytes]) => `${pattern} ${Math.round(bytes / TASKS)}`);
  process.stdout.write(`Redis bytes per kept task: ${bytesPerTask} (${parts.join(", ")})\n`);
  expect(bytesPerTask).toBeLessThan(BYTES_PER_TASK_MAX);

  const known =
    /^(task:\{<id>\}|\{all\}:[\w:<>.-]+|\{d-[\w.-]+\}:[\w:<>-]+|\{sys-[\w-]+\}:[\w:<>-]+)$/;
  const patterns = countPatterns(after.keys);
  expect([...patterns.keys()].filter((pattern) => !known.test(pattern))).toEqual([]);
  expect(patterns.get("task:{<id>}")).toBe(200 + TASKS);
  // A hundred for Bull Board, whatever we keep, and those that came since the last eighth or so was to forget old ones.
  expect(patterns.get("{d-measured}:<id>")).toBeLessThan(200);
  process.stdout.write(
    `Keys: ${[...patterns].map(([pattern, count]) => `${pattern} ${count}`).join(", ")}\n`,
  );
});

interface Measured {
  keys: string[];
  bytes: number;
  bytesOf: Record<string, number>;
}

/** The stream of events and the jobs for Bull Board have caps of their own, however many tasks are kept. */
function keptBytes({ bytes, bytesOf }: Measured): number {
  return bytes - (bytesOf["{all}:events"] ?? 0) - (bytesOf["{d-measured}:<id>"] ?? 0);
}

async function measure(redisUrl: string, prefix: string): Promise<Measured> {
  return await onRedis(redisUrl, async (redis) => {
    const keys = await keysUnder(redis, prefix);
    const bytesOf: Record<string, number> = {};
    let bytes = 0;
    for (let start = 0; start < keys.length; start += 500) {
      const chunk = keys.slice(start, start + 500);
      const sizes = await Promise.all(
        chunk.map(async (key) => Number(await redis.call("MEMORY", "USAGE", key, "SAMPLES", "0"))),
      );
      for (const [n, key] of chunk.entries()) {
        const size = sizes[n] ?? 0;
        bytes += size;
        bytesOf[patternOf(key)] = (bytesOf[patternOf(key)] ?? 0) + size;
      }
    }
    return { keys, bytes, bytesOf };
  });
}
