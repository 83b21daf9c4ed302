import { expect, test, vi } from "vitest";
import { FAILING_FAST, openStore, type Store } from "@orchestrator/queue";
import {
  fieldsRefused,
  listTasks,
  readTask,
  refusalOf,
  submit,
  submitAndWait,
  submitAsync,
  untilEnded,
  type TaskBody,
} from "../support/api-client.ts";
import { perTask } from "../support/scripted-droplet.ts";
import type { RecordedRequest } from "../support/scripted-server.ts";
import { send } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const shared = shareOrchestrator({
  droplets: ["work", "narrow", "crashed", "hook"],
  env: { DROPLET_CONCURRENCY: "4" },
});

const callback = { droplet_name: "HOOK", path: "/ended?from=us" };

/** Every call that told of the end of this task. */
function callbacksOf(taskId: string): RecordedRequest[] {
  return shared
    .droplet("hook")
    .requests.filter(({ json }) => (json as { id?: string } | null)?.id === taskId);
}

async function untilCalledBack(taskId: string): Promise<RecordedRequest> {
  return await waitFor(`the callback of ${taskId}`, () => callbacksOf(taskId)[0]);
}

async function cancel(id: string): Promise<void> {
  await send(shared.api, `/orchestrator/tasks/${id}`, { method: "DELETE" });
}

/** The queue package on the same keys as the processes, to leave behind what a crash leaves. */
async function openOwnStore(): Promise<Store> {
  const { redisUrl, keyPrefix, cacheDir, registry } = shared.orchestrator;
  return await openStore({
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
}

const ENDS: [name: string, task: () => Promise<string>, expected: object][] = [
  [
    "success",
    async () => {
      const body = { droplet_name: "work", method: "POST", path: "/", payload: { n: 1 } };
      return (await submitAndWait(shared.api, { ...body, callback })).task_id;
    },
    { status: "success", response_status: 200, error: null },
  ],
  [
    "error",
    async () => {
      const path = shared.droplet("work").route([{ status: 404, json: "gone" }]);
      return (await submitAndWait(shared.api, { droplet_name: "work", path, callback })).task_id;
    },
    { status: "error", response_body: "gone", error: { code: "DROPLET_ERROR" } },
  ],
  [
    "timeout",
    async () => {
      const path = shared.droplet("work").route(["hang"]);
      const body = { droplet_name: "work", path, timeout_ms: 300, callback };
      return (await submitAndWait(shared.api, body)).task_id;
    },
    { status: "timeout", error: { code: "TIMEOUT" } },
  ],
  [
    "deadline that the sweeper saw to",
    async () => {
      const body = { droplet_name: "work", path: "/", delay_ms: 60_000 };
      const early = { ...body, delay_ms: 0, callback, deadline_ms: 400 };
      const droplet = shared.droplet("narrow");
      const path = droplet.route(["hang"]);
      for (let n = 0; n < 4; n++) await submitAsync(shared.api, { droplet_name: "narrow", path });
      await droplet.untilHanging(4);
      const task = { ...early, droplet_name: "narrow" };
      const { task_id } = await submitAndWait(shared.api, task);
      await droplet.release();
      return task_id;
    },
    { status: "timeout", error: { code: "DEADLINE_EXCEEDED" }, attempts: [] },
  ],
  [
    "cancellation before it ran",
    async () => {
      const body = { droplet_name: "work", path: "/", delay_ms: 60_000, callback };
      const { task_id } = await submitAsync(shared.api, body);
      await cancel(task_id);
      return task_id;
    },
    { status: "cancelled", attempts: [] },
  ],
  [
    "cancellation while it ran",
    async () => {
      const droplet = shared.droplet("work");
      const path = droplet.route(["hang"]);
      const body = { droplet_name: "work", path, callback };
      const { task_id } = await submitAsync(shared.api, body);
      await droplet.untilRequests(1, ({ taskId }) => taskId === task_id);
      await cancel(task_id);
      return task_id;
    },
    { status: "cancelled", error: { code: "CANCELLED" } },
  ],
];

test.concurrent.for(ENDS)(
  "tells of the end once, with the final record: %s",
  async ([, run, expected], { expect: the }) => {
    const taskId = await run();
    const record = await untilEnded(shared.api, taskId);
    the(record).toMatchObject(expected);
    const call = await untilCalledBack(taskId);
    the(call).toMatchObject({ method: "POST", path: "/ended?from=us" });
    the(call.json).toEqual(record);
    the(call.headers["x-trace-id"]).toBe(record.trace_id);

    // It is a task of its own, which has none itself.
    const own = await untilEnded(shared.api, call.taskId ?? "");
    the(own).toMatchObject({
      droplet_name: "hook",
      status: "success",
      meta: { callback_of: taskId },
      trace_id: record.trace_id,
    });
    const traced = await listTasks(shared.api, { trace_id: record.trace_id });
    the(traced.tasks.map(({ id }) => id).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
      [taskId, own.id].toSorted((a, b) => (a < b ? -1 : 1)),
    );
    the(callbacksOf(taskId)).toHaveLength(1);
  },
);

test.concurrent("a callback that fails is tried again like any task", async () => {
  const path = shared.droplet("hook").route(perTask([503, 200]));
  const { task_id } = await submitAndWait(shared.api, {
    droplet_name: "work",
    path: "/",
    callback: { droplet_name: "hook", path },
  });
  const [first, second] = await shared
    .droplet("hook")
    .untilRequests(2, (call) => call.path === path);
  expect([first?.taskId, first?.attempt, second?.attempt]).toEqual([second?.taskId, 1, 2]);
  expect(second?.json).toMatchObject({ id: task_id, status: "success" });
});

test.concurrent("a large body is whole in the callback as well", async () => {
  const large = "x".repeat(200_000);
  const path = shared.droplet("work").route([{ json: large }]);
  const { task_id } = await submitAndWait(shared.api, { droplet_name: "work", path, callback });
  expect((await untilCalledBack(task_id)).json).toMatchObject({ response_body: large });
});

test.concurrent("a replay of the task calls back again, with the record of the replay", async () => {
  const { task_id } = await submitAndWait(shared.api, {
    droplet_name: "work",
    path: "/",
    callback,
  });
  const answer = await send(shared.api, `/orchestrator/tasks/${task_id}/retry?wait=true`, {
    method: "POST",
  });
  const again = (answer.body as { task_id: string }).task_id;
  expect((await untilCalledBack(again)).json).toMatchObject({ replayed_from: task_id });
  expect(callbacksOf(task_id)).toHaveLength(1);
});

test.concurrent("a task that ended without anybody following it up is followed up by the next worker, once", async () => {
  const droplet = shared.droplet("crashed");
  const hanging = { droplet_name: "crashed", path: droplet.route(["hang"]) };
  for (let n = 0; n < 4; n++) await submitAsync(shared.api, hanging);
  await droplet.untilHanging(4);
  const keyed = { headers: { "idempotency-key": "ended-by-a-crash" } };
  const body: TaskBody = { droplet_name: "crashed", path: "/never", callback };
  const { task_id } = await submitAsync(shared.api, body, keyed);

  await using store = await openOwnStore();
  const stored = await store.ledger.records.read(task_id);
  if (stored === null) throw new Error("the task has no record");
  // The task ended; whoever wrote that died before the claim and the callback, and before it took the job out.
  vi.spyOn(store.ledger.records, "show").mockRejectedValueOnce(new Error("died here"));
  const ending = store.ledger.endOutsideJob({
    task: stored.task,
    end: { status: "error", error: { code: "DROPLET_ERROR", message: "Droplet answered 500" } },
    nowMs: Date.now(),
    attempt: null,
    response: null,
    targetUrl: null,
    replyChannel: null,
    input: null,
  });
  await expect(ending).rejects.toThrow("died here");
  expect(await readTask(shared.api, task_id)).toMatchObject({ status: "error", attempts: [] });
  expect(callbacksOf(task_id)).toEqual([]);

  await droplet.release();
  const call = await untilCalledBack(task_id);
  expect(call.json).toMatchObject({ id: task_id, status: "error" });
  await waitFor("the lists to follow", async () => {
    const page = await listTasks(shared.api, { status: "error", droplet_name: "crashed" });
    return page.tasks[0]?.id === task_id;
  });
  const replayed = await submit(shared.api, body, keyed);
  expect(replayed.headers["idempotency-replayed"]).toBe("true");
  expect(replayed.body).toMatchObject({ task_id, status: "error" });

  // Whoever repeats it changes nothing: the callback has been made.
  await untilEnded(shared.api, call.taskId ?? "");
  await Promise.all(Array.from({ length: 5 }, async () => await store.ledger.repair(task_id)));
  const after = await submitAndWait(shared.api, { droplet_name: "hook", path: "/after" });
  expect(after.status).toBe("success");
  expect(callbacksOf(task_id)).toHaveLength(1);
  expect(droplet.callsOf(task_id)).toEqual([]);
  expect((await readTask(shared.api, call.taskId ?? "")).attempts).toHaveLength(1);
});

test.concurrent("an unknown droplet or a wrong path of a callback is refused with the task", async () => {
  const body = { droplet_name: "work", path: "/" };
  const unknown = { ...body, callback: { droplet_name: "nobody", path: "/" } };
  const refusal = refusalOf(await submit(shared.api, unknown), 400);
  expect(refusal).toMatchObject({
    code: "DROPLET_NOT_FOUND",
    details: { requested_droplet: "nobody" },
  });
  for (const path of ["/a b", "//elsewhere", "/../..\\x"]) {
    const wrong = { ...body, callback: { droplet_name: "hook", path } };
    expect(fieldsRefused(await submit(shared.api, wrong))).toEqual(["callback.path"]);
  }
});
