import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { listTasks, readTask, submit, submitAndWait } from "../support/api-client.ts";
import { onRedis } from "../support/redis-commands.ts";
import { perTask } from "../support/scripted-droplet.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const RESULT_KEEP_MS = 2000;

const textOf = (bytes: number): string => "x".repeat(bytes);

const answer = (bytes: number) => ({
  headers: { "content-type": "text/plain" },
  body: textOf(bytes),
});

/** What stands in for a body of so many bytes that is not shown whole. */
const truncated = (bytes: number): unknown => ({
  _truncated: true,
  _original_size_kb: Math.round((bytes / 1024) * 100) / 100,
  _max_size_kb: 10,
  _message: expect.stringContaining("larger than 10 KB"),
});

describe("within RESULT_KEEP", () => {
  const shared = shareOrchestrator({
    droplets: ["files", "slow-files"],
    apis: 2,
    env: { RESULT_KEEP: String(RESULT_KEEP_MS / 1000) },
  });
  test.concurrent("a large body is whole for the waiter, every poll and every replay, and in lists never", async () => {
    const [api = shared.api, other = shared.api] = shared.orchestrator.apis;
    const body = { droplet_name: "files", path: shared.droplet("files").route([answer(300_000)]) };
    const keyed = { headers: { "idempotency-key": randomUUID() } };
    const submitting = submitAndWait(api, { ...body, meta: { requested_by: "bodies" } }, keyed);
    const { task_id, response_body } = await submitting;
    expect(response_body).toBe(textOf(300_000));

    const polled = await Promise.all([
      readTask(api, task_id),
      readTask(other, task_id),
      readTask(other, task_id, { wait: 5 }),
    ]);
    for (const record of polled) expect(record.response_body).toBe(textOf(300_000));
    const replayed = await submit(other, { ...body, meta: { requested_by: "bodies" } }, keyed);
    expect(replayed.body).toMatchObject({ task_id, response_body: textOf(300_000) });
    const listed = await listTasks(api, { requested_by: "bodies" });
    expect(listed.tasks).toMatchObject([{ task_id, response_body: truncated(300_000) }]);

    const later = await waitFor("the body to be given up", async () => {
      const record = await readTask(other, task_id);
      return record.response_body !== textOf(300_000) && record;
    });
    const keptForMs = Date.now() - (later.completed_at ?? 0) * 1000;
    expect(keptForMs).toBeGreaterThan(RESULT_KEEP_MS - 100);
    expect(later).toMatchObject({
      status: "success",
      response_status: 200,
      response_body: truncated(300_000),
    });
    const replayedLate = await submit(api, { ...body, meta: { requested_by: "bodies" } }, keyed);
    expect(replayedLate.headers["idempotency-replayed"]).toBe("true");
    expect(replayedLate.body).toMatchObject({ task_id, response_body: truncated(300_000) });
  });

  test.concurrent("a body of 10 KB stays whole for ever and in lists; one byte more does not", async () => {
    const path = (bytes: number) => shared.droplet("files").route([answer(bytes)]);
    const meta = { requested_by: "boundary" };
    const [fits, above] = await Promise.all(
      [10_240, 10_241].map(
        async (bytes) =>
          await submitAndWait(shared.api, { droplet_name: "files", path: path(bytes), meta }),
      ),
    );
    expect([fits?.response_body, above?.response_body]).toEqual([textOf(10_240), textOf(10_241)]);
    await waitFor("the larger one to be given up", async () => {
      const { response_body } = await readTask(shared.api, above?.task_id ?? "");
      expect(response_body).toEqual(truncated(10_241));
      return true;
    });
    const { response_body } = await readTask(shared.api, fits?.task_id ?? "");
    expect(response_body).toBe(textOf(10_240));
    const listed = await listTasks(shared.api, { requested_by: "boundary" });
    const bodies = new Map(listed.tasks.map((task) => [task.id, task.response_body]));
    expect(bodies.get(fits?.task_id ?? "")).toBe(textOf(10_240));
    expect(bodies.get(above?.task_id ?? "")).toEqual(truncated(10_241));
  });

  test.concurrent("the body of an earlier attempt that stays the last answer is kept from the end of the task on", async () => {
    const slow = shared.droplet("slow-files");
    const path = slow.route(perTask([{ status: 503, body: textOf(20_000) }, "hang"]));
    const body = { droplet_name: "slow-files", path, timeout_ms: 4000, attempt_timeout_ms: 3900 };
    const result = await submitAndWait(shared.api, body, { wait: 10 });
    expect(result).toMatchObject({
      status: "timeout",
      response_status: 503,
      response_body: textOf(20_000),
    });
    const later = await waitFor("the body to be given up", async () => {
      const record = await readTask(shared.api, result.task_id);
      return record.response_body !== textOf(20_000) && record;
    });
    expect(later.response_body).toEqual(truncated(20_000));
    const keptForMs = Date.now() - (later.completed_at ?? 0) * 1000;
    expect(keptForMs).toBeGreaterThan(RESULT_KEEP_MS - 100);
  });

  test.concurrent("the last answer replaces an earlier larger one", async () => {
    const path = shared
      .droplet("slow-files")
      .route(perTask([{ status: 503, body: textOf(20_000) }, { json: "small" }]));
    const result = await submitAndWait(shared.api, { droplet_name: "slow-files", path });
    expect(result).toMatchObject({ status: "success", response_body: "small" });
    expect((await readTask(shared.api, result.task_id)).response_body).toBe("small");
  });
});

describe("RESULT_MEMORY_MAX", () => {
  const BODY = 30_000;
  const shared = shareOrchestrator({
    droplets: ["files"],
    env: { RESULT_MEMORY_MAX: String(3.5 * BODY) },
  });

  test("evicts the oldest bodies first, and counts each body once", async () => {
    const path = shared.droplet("files").route([{ body: textOf(BODY) }]);
    const ids: string[] = [];
    for (let n = 0; n < 6; n++) {
      const { task_id, response_body } = await submitAndWait(shared.api, {
        droplet_name: "files",
        path,
      });
      // Whatever is evicted for it, the newest is there.
      expect(response_body).toBe(textOf(BODY));
      ids.push(task_id);
    }
    const records = await Promise.all(ids.map(async (id) => await readTask(shared.api, id)));
    const isWhole = records.map(({ response_body }) => response_body === textOf(BODY));
    expect(isWhole).toEqual([false, false, false, true, true, true]);
    expect(records[0]?.response_body).toEqual(truncated(BODY));
  });

  test("one body larger than all of it together is given to nobody, and the task has ended well", async () => {
    const path = shared.droplet("files").route([{ body: textOf(4 * BODY) }]);
    const { task_id } = await submitAndWait(shared.api, { droplet_name: "files", path });
    await waitFor("the body to be given up", async () => {
      const record = await readTask(shared.api, task_id);
      expect(record).toMatchObject({ status: "success", response_body: truncated(4 * BODY) });
      return true;
    });
    const { keyPrefix, redisUrl } = shared.orchestrator;
    await waitFor("nothing to be kept", async () => {
      const kept = await onRedis(redisUrl, async (redis) =>
        redis.get(`${keyPrefix}:{all}:bodyBytes`),
      );
      return Number(kept) === 0;
    });
  });
});
