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
import { send } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";

const WAIT_MAX_MS = 2500;

/** On a busy machine too this is told apart from every wait below. */
const AT_ONCE_MS = 1000;

const shared = shareOrchestrator({
  droplets: ["quick", "slow"],
  apiEnv: { WAIT_MAX: String(WAIT_MAX_MS / 1000) },
});

const quick = { droplet_name: "quick", path: "/" };

/** A task that lasts longer than anybody here waits. */
function slow(): { droplet_name: string; path: string } {
  return { droplet_name: "slow", path: shared.droplet("slow").route([{ afterMs: 4000, json: 1 }]) };
}

test.concurrent.for(["true", "5", "2.5", "0.9"])(
  "?wait=%s gives the result of a task that ends in time",
  async (wait, { expect: the }) => {
    const answer = await submit(shared.api, quick, { wait });
    the(answer.status).toBe(200);
    the(answer.body).toMatchObject({ status: "success" });
  },
);

test.concurrent("without a wish the caller is held until the task ends", async () => {
  expect((await submit(shared.api, quick)).status).toBe(200);
});

test.concurrent.for(["false", "0", "0.0"])(
  "?wait=%s answers 202 at once, and the task goes on",
  async (wait, { expect: the }) => {
    const answer = await submit(shared.api, slow(), { wait });
    the(answer.status).toBe(202);
    the(answer.tookMs).toBeLessThan(AT_ONCE_MS);
    const { task_id } = answer.body as { task_id: string };
    the((await untilEnded(shared.api, task_id)).status).toBe("success");
  },
);

test.concurrent("a slow task gives 202 when the wait is over, and its Location ends as success when polled", async () => {
  const answer = await submit(shared.api, slow(), { wait: 1 });
  expect(answer.status).toBe(202);
  expect(answer.tookMs).toBeGreaterThanOrEqual(980);
  expect(answer.tookMs).toBeLessThan(WAIT_MAX_MS);
  expect(Object.keys(answer.body as object).toSorted()).toEqual(["status", "task_id", "trace_id"]);
  expect(answer.body).toMatchObject({ status: "running" });
  expect(Number(answer.headers["retry-after"])).toBeGreaterThanOrEqual(1);

  const { task_id } = answer.body as { task_id: string };
  expect(answer.headers.location).toBe(`/orchestrator/tasks/${task_id}`);
  await untilEnded(shared.api, task_id);
  const { body } = await send(shared.api, String(answer.headers.location));
  expect(body).toMatchObject({ task_id, status: "success", response_body: 1 });
});

test.concurrent.for(["true", "99999", "2.6"])(
  "?wait=%s holds a caller no longer than WAIT_MAX",
  async (wait, { expect: the }) => {
    const answer = await submit(shared.api, slow(), { wait });
    the(answer.status).toBe(202);
    the(answer.tookMs).toBeGreaterThanOrEqual(WAIT_MAX_MS - 20);
    the(answer.tookMs).toBeLessThan(WAIT_MAX_MS + AT_ONCE_MS);
  },
);

test.concurrent.for([
  "?wait=soon",
  "?wait=",
  "?wait=-1",
  "?wait=1e3",
  "?wait=NaN",
  "?wait=Infinity",
  "?wait=0x10",
  "?wait=1,5",
  "?wait=TRUE",
  "?wait=%201",
  "?wait=1&wait=2",
  "?wait=true&wait=true",
])("%s is refused, naming wait", async (query, { expect: the }) => {
  const answer = await send(shared.api, `/orchestrator/tasks${query}`, {
    method: "POST",
    json: quick,
  });
  the(fieldsRefused(answer)).toEqual(["wait"]);
});

test.concurrent("Prefer: respond-async answers 202 at once and says that it was applied", async () => {
  const answer = await submit(shared.api, slow(), { headers: { prefer: "respond-async" } });
  expect(answer.status).toBe(202);
  expect(answer.tookMs).toBeLessThan(AT_ONCE_MS);
  expect(answer.headers["preference-applied"]).toBe("respond-async");
});

test.concurrent.for([
  ["wait=1"],
  ["respond-async, wait=1"],
  ["wait=1, respond-async"],
  ["handling=lenient; q=1, Wait=1"],
])("Prefer: %s waits a second", async ([prefer], { expect: the }) => {
  const answer = await submit(shared.api, slow(), { headers: { prefer } });
  the(answer.status).toBe(202);
  the(answer.tookMs).toBeGreaterThanOrEqual(980);
  the(answer.tookMs).toBeLessThan(WAIT_MAX_MS - 20);
  the(answer.headers["preference-applied"]).toContain("wait=1");
});

test.concurrent("a task that ends within Prefer: wait=n is answered 200, with the preference applied", async () => {
  const answer = await submit(shared.api, quick, { headers: { prefer: "wait=2" } });
  expect(answer.status).toBe(200);
  expect(answer.headers["preference-applied"]).toBe("wait=2");
});

test.concurrent("preferences we do not know are ignored", async () => {
  const headers = { prefer: "return=minimal, handling=strict" };
  const answer = await submit(shared.api, quick, { headers });
  expect(answer.status).toBe(200);
  expect(answer.headers).not.toHaveProperty("preference-applied");
});

test.concurrent("Prefer: wait=soon is refused, naming Prefer", async () => {
  const answer = await submit(shared.api, quick, { headers: { prefer: "wait=soon" } });
  expect(fieldsRefused(answer)).toEqual(["Prefer"]);
});

test.concurrent("the query beats Prefer, which is then not applied", async () => {
  const [async_, held] = await Promise.all([
    submit(shared.api, slow(), { wait: false, headers: { prefer: "wait=2" } }),
    submit(shared.api, quick, { wait: true, headers: { prefer: "respond-async" } }),
  ]);
  expect(async_.status).toBe(202);
  expect(async_.tookMs).toBeLessThan(AT_ONCE_MS);
  expect(held.status).toBe(200);
  for (const { headers } of [async_, held])
    expect(headers).not.toHaveProperty("preference-applied");
});

test.concurrent("a task that cannot start within the wait is answered 202 at once", async () => {
  const answer = await submit(shared.api, { ...quick, delay_ms: 2400 }, { wait: 2 });
  expect(answer.status).toBe(202);
  expect(answer.tookMs).toBeLessThan(AT_ONCE_MS);
  expect(answer.body).toMatchObject({ status: "queued" });
  const { task_id } = answer.body as { task_id: string };
  const record = await untilEnded(shared.api, task_id);
  expect((record.started_at ?? 0) - record.created_at).toBeGreaterThanOrEqual(2.38);
});

test.concurrent("a task that starts within the wait after its delay is waited for", async () => {
  const result = await submitAndWait(shared.api, { ...quick, delay_ms: 300 }, { wait: 2.4 });
  expect(result.status).toBe("success");
});

test.concurrent("a caller who hangs up cancels nothing", async () => {
  const hangUp = new AbortController();
  const task = slow();
  const gone = submit(shared.api, task, { signal: hangUp.signal });
  const [call] = await shared.droplet("slow").untilRequests(1, ({ path }) => path === task.path);
  hangUp.abort();
  await expect(gone).rejects.toThrow();

  const record = await untilEnded(shared.api, call?.taskId ?? "");
  expect(record).toMatchObject({ status: "success", response_body: 1, retry_count: 0 });
  expect(shared.droplet("slow").callsOf(record.id)).toHaveLength(1);
});

test.concurrent("GET /tasks/{id}?wait= gives the record as soon as the task has ended", async () => {
  const path = shared.droplet("slow").route([{ afterMs: 1200, json: 1 }]);
  const { task_id } = await submitAsync(shared.api, { droplet_name: "slow", path });
  const startedAt = performance.now();
  const record = await readTask(shared.api, task_id, { wait: 2.4 });
  expect(record.status).toBe("success");
  expect(performance.now() - startedAt).toBeLessThan(2300);
});

test.concurrent("GET /tasks/{id}?wait= gives the record as it is when the wait is over", async () => {
  const { task_id } = await submitAsync(shared.api, slow());
  const startedAt = performance.now();
  const record = await readTask(shared.api, task_id, { wait: 0.5 });
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(480);
  expect(record).toMatchObject({ status: "running", completed_at: null, response_body: null });
});

test.concurrent("GET /tasks/{id} follows Prefer, answers at once without a wish, and refuses what it cannot read", async () => {
  const { task_id } = await submitAsync(shared.api, slow());
  const path = `/orchestrator/tasks/${task_id}`;
  const [plain, held, unreadable] = await Promise.all([
    send(shared.api, path),
    send(shared.api, path, { headers: { prefer: "wait=1" } }),
    send(shared.api, `${path}?wait=soon`),
  ]);
  expect(plain.tookMs).toBeLessThan(AT_ONCE_MS);
  expect(held.tookMs).toBeGreaterThanOrEqual(980);
  expect(held.headers["preference-applied"]).toBe("wait=1");
  expect(fieldsRefused(unreadable)).toEqual(["wait"]);
});

test.concurrent("GET /tasks/{id}?wait= of a task nobody knows is 404 at once", async () => {
  const id = "550e8400-e29b-41d4-a716-446655440000";
  const answer = await send(shared.api, `/orchestrator/tasks/${id}?wait=2`);
  expect(refusalOf(answer, 404).code).toBe("TASK_NOT_FOUND");
  expect(answer.tookMs).toBeLessThan(AT_ONCE_MS);
});

test.concurrent("a droplet may ask for the task it is being called for, cancel it and wait for it at once", async () => {
  const read = shared.droplet("slow").route([{ afterMs: 300, json: "read" }]);
  const cancelled = shared.droplet("slow").route([{ afterMs: 3000, json: "cancelled" }]);
  const taskAt = async (path: string): Promise<string> => {
    const found = await shared.droplet("slow").untilRequests(1, (one) => one.path === path);
    return found[0]?.taskId ?? "";
  };
  const submitting = [read, cancelled].map(
    async (path) => await submitAndWait(shared.api, { droplet_name: "slow", path }),
  );
  const [readId, cancelledId] = await Promise.all([taskAt(read), taskAt(cancelled)]);
  const answers = await Promise.all([
    fetch(`${shared.api.url}/orchestrator/tasks/${readId}`),
    fetch(`${shared.api.url}/orchestrator/tasks/${readId}?wait=2`),
    fetch(`${shared.api.url}/orchestrator/tasks/${cancelledId}`, { method: "DELETE" }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 202]);
  const ended = await Promise.all(submitting);
  expect(ended.map(({ status }) => status)).toEqual(["success", "cancelled"]);
});

test.concurrent("any number of callers may wait for one task, the submitter and pollers alike", async () => {
  const path = shared.droplet("slow").route([{ afterMs: 1000, json: "for all" }]);
  const submitting = submitAndWait(shared.api, { droplet_name: "slow", path });
  const [call] = await shared.droplet("slow").untilRequests(1, (request) => request.path === path);
  const polling = Array.from(
    { length: 10 },
    async () => await readTask(shared.api, call?.taskId ?? "", { wait: 2 }),
  );
  const found = await Promise.all([submitting, ...polling]);
  for (const one of found) {
    expect(one).toMatchObject({ status: "success", response_body: "for all" });
  }
});
