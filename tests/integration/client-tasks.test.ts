import {
  expectSuccess,
  isRefused,
  OrchestratorClient,
  StillRunningError,
  TaskFailedError,
  UnreachableError,
  type BatchOutcome,
  type WatchedEvent,
} from "@orchestrator/client";
import { expect, test } from "vitest";
import { findFreePort } from "../support/free-port.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { untilEnded } from "../support/api-client.ts";
import { waitFor } from "../support/wait-for.ts";

const shared = shareOrchestrator({ droplets: ["echo"] });
const client = (): OrchestratorClient => new OrchestratorClient({ url: shared.api.url });

test.concurrent("a task is submitted and waited for", async () => {
  const task = { droplet_name: "echo", path: "/hello", method: "POST", payload: { n: 1 } } as const;
  const result = expectSuccess(await client().submitAndWait(task));
  expect(result.response_body).toMatchObject({ method: "POST", path: "/hello", body: { n: 1 } });
  expect(await client().get(result.task_id)).toMatchObject({ status: "success" });
});

test.concurrent("how a task ended is in its result, and thrown by who asks for it", async () => {
  const path = shared.droplet("echo").route([418]);
  const result = await client().submitAndWait({ droplet_name: "echo", path });
  expect(result).toMatchObject({ status: "error", response_status: 418 });
  expect(() => expectSuccess(result)).toThrow(TaskFailedError);
  expect(() => expectSuccess(result)).toThrow(expect.objectContaining({ code: "DROPLET_ERROR" }));
});

test.concurrent("a refusal has its code, its details and its trace id", async () => {
  const refused = client().submit({ droplet_name: "nobody", path: "/" });
  await expect(refused).rejects.toSatisfy((error) => isRefused(error, "DROPLET_NOT_FOUND"));
  await expect(refused).rejects.toMatchObject({
    status: 400,
    details: { requested_droplet: "nobody" },
    traceId: expect.stringMatching(/^[0-9a-f-]{32,36}$/),
  });
});

test.concurrent("waiting ends after maxWaitMs, and the task goes on", async () => {
  const droplet = shared.droplet("echo");
  const path = droplet.route(["hang"]);
  const waiting = client().submitAndWait({ droplet_name: "echo", path }, { maxWaitMs: 300 });
  const error = await waiting.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(StillRunningError);
  await droplet.untilHanging(1);
  await droplet.release();
  const { taskId } = error as StillRunningError;
  expect(await client().poll(taskId)).toMatchObject({ status: "success" });
});

test.concurrent("an aborted signal ends every wait at once, with its own reason", async () => {
  const reason = new Error("enough");
  const task = { droplet_name: "echo", path: "/later", delay_ms: 60_000 };
  const { task_id } = await client().submit(task);
  const waits = [
    (signal: AbortSignal) => client().submitAndWait(task, { signal }),
    (signal: AbortSignal) => client().poll(task_id, { signal }),
    async (signal: AbortSignal) => {
      for await (const _event of client().watch(task_id, { signal }));
    },
  ];
  for (const wait of waits) {
    const stop = new AbortController();
    const waiting = wait(stop.signal);
    setTimeout(() => stop.abort(reason), 200);
    await expect(waiting).rejects.toBe(reason);
  }
  expect(await client().cancel(task_id)).toMatchObject({ status: "cancelled" });
  await expect(client().cancel(task_id)).resolves.toMatchObject({ status: "cancelled" });
});

test.concurrent("a batch tells of each task by its place, and joins what a key stands for", async () => {
  const items = Array.from({ length: 40 }, (_, n) => ({
    task: { droplet_name: n === 7 ? "nobody" : "echo", path: `/batch-${n}` },
    idempotencyKey: `batch-${process.pid}-${n}`,
  }));
  const run = async (): Promise<BatchOutcome[]> =>
    await collect(client().batch(items, { concurrency: 8 }));
  const first = await run();
  expect(first.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(items.map((_, n) => n));
  expect(first.filter(({ kind }) => kind === "refused")).toMatchObject([
    { index: 7, error: { code: "DROPLET_NOT_FOUND" } },
  ]);
  const again = await run();
  expect(idsOf(again)).toEqual(idsOf(first));
  const joined = again.filter((one) => one.kind === "submitted" && one.isJoined);
  expect(joined).toHaveLength(39);
  expect(first.some((one) => one.kind === "submitted" && one.isJoined)).toBe(false);
});

test.concurrent("lists go over every page, and replays are new tasks", async () => {
  const meta = { requested_by: `lister-${process.pid}` };
  const ids = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const task = { droplet_name: "echo", path: "/listed", meta };
      return (await client().submitAndWait(task)).task_id;
    }),
  );
  const listed = await collect(client().listAll({ ...meta, limit: 2 }));
  expect(listed.map(({ task_id }) => task_id).toSorted()).toEqual(ids.toSorted());
  const { task_id } = await client().replay(ids[0] ?? "");
  expect(await client().poll(task_id)).toMatchObject({ replayed_from: ids[0], status: "success" });
});

test.concurrent("429 and 503 are tried again when the service says, and the key stays the same", async () => {
  const answers = [
    refusal(429, "RATE_LIMITED"),
    refusal(503, "QUEUE_UNAVAILABLE"),
    "reset" as const,
    { status: 202, json: { task_id: "one", status: "queued", trace_id: "t" } },
  ];
  let next = 0;
  await using busy = await new ScriptedServer(() => answers[next++] ?? 500).start();
  const startedAt = Date.now();
  const submitted = await new OrchestratorClient({ url: busy.url }).submit({
    droplet_name: "echo",
    path: "/",
  });
  expect(submitted).toMatchObject({ task_id: "one" });
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1990);
  const keys = busy.requests.map(({ headers }) => headers["idempotency-key"]);
  expect(keys).toHaveLength(4);
  expect(new Set(keys).size).toBe(1);
});

test.concurrent("a replay is not repeated once it may have been made", async () => {
  await using lossy = await new ScriptedServer(() => "reset").start();
  const replay = new OrchestratorClient({ url: lossy.url }).replay("some-task");
  await expect(replay).rejects.toBeInstanceOf(UnreachableError);
  expect(lossy.requests).toHaveLength(1);
});

test.concurrent("nobody there is an UnreachableError after retryForMs, without the key", async () => {
  const url = `http://127.0.0.1:${await findFreePort()}`;
  const lost = new OrchestratorClient({ url, apiKey: "very-secret", retryForMs: 300 });
  const error = await lost.get("x").catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "UNREACHABLE", message: expect.stringContaining("refused") });
  expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain("very-secret");
});

test("waiting and watching go on over a restart of the API", async () => {
  await using droplet = await startDroplet("slow", ["hang"]);
  await using system = await startOrchestrator({ droplets: [droplet] });
  const port = String(system.api.port);
  const caller = new OrchestratorClient({ url: system.api.url });
  const events: WatchedEvent[] = [];
  const task = { droplet_name: "slow", path: "/work" };
  const accepted = await caller.submit(task, { idempotencyKey: "over-a-restart" });
  const watching = (async () => {
    for await (const event of caller.watch(accepted.task_id)) events.push(event);
  })();
  const polling = caller.poll(accepted.task_id);
  const waiting = caller.submitAndWait(task, { idempotencyKey: "over-a-restart" });
  await droplet.untilHanging(1);
  await waitFor("the first events", () => events.length >= 2);

  await system.api.kill();
  await system.api.start({ PORT: port });
  await droplet.release({ json: { done: true } });

  expect(await waiting).toMatchObject({ task_id: accepted.task_id, response_body: { done: true } });
  expect(await polling).toMatchObject({ status: "success" });
  await watching;
  expect(events.map(({ event }) => event)).toEqual(["queued", "running", "success"]);
  expect(droplet.callsOf(accepted.task_id)).toHaveLength(1);
  await untilEnded(system.api, accepted.task_id);
});

test("a stream of many tasks resumes after a restart with nothing missing", async () => {
  await using droplet = await startDroplet("many");
  await using system = await startOrchestrator({ droplets: [droplet] });
  const port = String(system.api.port);
  const caller = new OrchestratorClient({ url: system.api.url });
  const stop = new AbortController();
  const ended: string[] = [];
  let isFollowing = false;
  const watching = (async () => {
    for await (const event of caller.watch({ droplet_name: "many" }, { signal: stop.signal })) {
      isFollowing = true;
      if (event.event === "success") ended.push(event.data.task_id);
    }
  })();
  await waitFor("the stream", async () => {
    await caller.submitAndWait({ droplet_name: "many", path: "/warm-up" });
    return isFollowing;
  });
  await system.api.kill();
  await system.api.start({ PORT: port });
  const { task_id } = await caller.submitAndWait({ droplet_name: "many", path: "/after" });
  await waitFor("its end on the stream", () => ended.includes(task_id), { timeoutMs: 20_000 });
  stop.abort();
  await expect(watching).rejects.toThrow();
});

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** The ids of the tasks that were taken, in the order of the batch. */
function idsOf(outcomes: BatchOutcome[]): string[] {
  return outcomes
    .toSorted((one, other) => one.index - other.index)
    .flatMap((one) => (one.kind === "submitted" ? [one.answer.task_id] : []));
}

function refusal(status: number, code: string) {
  const error = { code, message: "later", details: {} };
  const headers = { "retry-after": "1" };
  return { status, headers, json: { status: "error", error, trace_id: "t" } };
}
