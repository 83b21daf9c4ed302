import { expect, test } from "vitest";
import { readTask, submit, submitAndWait, submitAsync, untilEnded } from "../support/api-client.ts";
import { perTask, startDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

/** Longer than it takes to bring up a second worker on a machine that is busy. */
const task = { droplet_name: "yard", path: "/", timeout_ms: 120_000, attempt_timeout_ms: 60_000 };

/** Long enough that nothing here is handed back for lack of time. */
const PATIENT = { SHUTDOWN_GRACE: "20" };

test("idle processes stop on SIGTERM and SIGINT with exit code 0", async () => {
  await using orchestrator = await startOrchestrator({ apis: 2, workers: 2 });
  const exits = await Promise.all(
    [...orchestrator.apis, ...orchestrator.workers].map(
      async (service, n) => await service.stop(n % 2 === 0 ? "SIGTERM" : "SIGINT"),
    ),
  );
  for (const { code, tookMs } of exits) {
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(5000);
  }
});

test("an API that stops answers its waiters with 202, and their tasks go on", async () => {
  await using droplet = await startDroplet("yard", ["hang"]);
  await using orchestrator = await startOrchestrator({ droplets: [droplet], apis: 2 });
  const [stopped, other] = orchestrator.apis;
  if (stopped === undefined || other === undefined) throw new Error("two APIs are needed");
  const submitting = Promise.all(
    Array.from({ length: 3 }, async () => await submit(stopped, task)),
  );
  await droplet.untilHanging(3);
  const known = droplet.requests[0]?.taskId ?? "";
  await waitFor(
    "its record to say that it runs",
    async () => (await readTask(stopped, known)).status === "running",
  );
  const polling = send(stopped, `/orchestrator/tasks/${known}?wait=20`);

  // Connections are taken in turn: when this one is answered, the long poll has arrived.
  await send(stopped, "/healthz/live");
  const exit = await stopped.stop();
  expect(exit).toMatchObject({ code: 0 });
  expect(exit.tookMs).toBeLessThan(5000);
  const ids = new Set<string>();
  for (const { status, body, headers } of await submitting) {
    expect(status).toBe(202);
    const { task_id } = body as { task_id: string };
    expect(headers.location).toBe(`/orchestrator/tasks/${task_id}`);
    ids.add(task_id);
  }
  expect(ids.size).toBe(3);
  expect(await polling).toMatchObject({ status: 200, body: { task_id: known, status: "running" } });
  await expect(send(stopped, "/healthz/live")).rejects.toThrow(/ECONNREFUSED/);

  await droplet.release();
  for (const id of ids) expect((await untilEnded(other, id)).status).toBe("success");
});

test("a worker that stops finishes what runs, with exit code 0", async () => {
  await using droplet = await startDroplet("yard", ["hang"]);
  await using orchestrator = await startOrchestrator({ droplets: [droplet], env: PATIENT });
  const { api, worker } = orchestrator;
  const waiting = submitAndWait(api, task);
  await droplet.untilHanging(1);

  const stopping = worker.stop();
  await worker.waitForLog("process.stopRequested");
  const queued = await submitAsync(api, task);
  await droplet.release({ json: "finished" });
  const result = await waiting;
  expect(result).toMatchObject({ status: "success", response_body: "finished", retry_count: 0 });
  expect(await stopping).toMatchObject({ code: 0 });
  expect((await readTask(api, result.task_id)).attempts).toHaveLength(1);
  expect(await readTask(api, queued.task_id), "takes no new task").toMatchObject({
    status: "queued",
  });
  expect(droplet.callsOf(queued.task_id)).toEqual([]);
});

test("a worker hands back what it cannot finish in time: another runs it on as the next attempt", async () => {
  await using droplet = await startDroplet("yard", perTask(["hang", { json: "second" }]));
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const { api, worker } = orchestrator;
  const waiting = submitAndWait(api, task);
  await droplet.untilHanging(1);
  await orchestrator.addWorker();

  expect(await worker.stop()).toMatchObject({ code: 0 });
  const handedBackAt = performance.now();
  const result = await waiting;
  expect(performance.now() - handedBackAt, "the other takes it at once").toBeLessThan(5000);
  expect(result).toMatchObject({ status: "success", response_body: "second", retry_count: 0 });
  const record = await readTask(api, result.task_id);
  expect(record.attempts).toMatchObject([
    { number: 1, outcome: "sent_no_response", error: "WORKER_LOST", retry_in_ms: null },
    { number: 2, outcome: "responded", response_status: 200 },
  ]);
  const [first, second] = droplet.callsOf(result.task_id);
  expect([first?.attempt, second?.attempt]).toEqual([1, 2]);
  expect(first?.headers["idempotency-key"]).toBe(second?.headers["idempotency-key"]);
});

test("an at_most_once task that a worker cannot finish in time ends as OUTCOME_UNKNOWN and is not sent again", async () => {
  await using droplet = await startDroplet("yard", ["hang"]);
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const { api, worker } = orchestrator;
  const waiting = submitAndWait(api, { ...task, delivery: "at_most_once" });
  await droplet.untilHanging(1);
  await orchestrator.addWorker();

  expect(await worker.stop()).toMatchObject({ code: 0 });
  const result = await waiting;
  expect(result).toMatchObject({
    status: "error",
    retry_count: 0,
    error: { code: "OUTCOME_UNKNOWN" },
  });
  expect((await readTask(api, result.task_id)).attempts).toMatchObject([
    { number: 1, outcome: "sent_no_response", error: "WORKER_LOST" },
  ]);
  expect(droplet.callsOf(result.task_id)).toHaveLength(1);
});

test("a task that three workers had to leave ends as WORKER_LOST", async () => {
  await using droplet = await startDroplet("yard", ["hang"]);
  const workerEnv = { SHUTDOWN_GRACE: "0.1" };
  await using orchestrator = await startOrchestrator({ droplets: [droplet], workerEnv });
  const { api, worker } = orchestrator;
  const waiting = submitAndWait(api, task);
  for (let calls = 1; calls <= 3; calls++) {
    await droplet.untilRequests(calls);
    await worker.restart();
  }

  const result = await waiting;
  expect(result).toMatchObject({ status: "error", retry_count: 0, error: { code: "WORKER_LOST" } });
  const { attempts } = await readTask(api, result.task_id);
  expect(attempts.map(({ error }) => error)).toEqual(Array(3).fill("WORKER_LOST"));
  expect(droplet.callsOf(result.task_id)).toHaveLength(3);
});

test("a second signal ends a worker at once", async () => {
  await using droplet = await startDroplet("yard", ["hang"]);
  await using orchestrator = await startOrchestrator({ droplets: [droplet], env: PATIENT });
  const { worker, api } = orchestrator;
  await submitAsync(api, task);
  await droplet.untilHanging(1);
  const stopping = worker.stop();
  const { time } = await worker.waitForLog("process.stopRequested");

  // One key press may arrive as two signals: what comes within half a second is the same wish.
  const secondAt = Date.parse(String(time)) + 700;
  await new Promise((resolve) => {
    setTimeout(resolve, secondAt - Date.now());
  });
  worker.signal("SIGTERM");
  const exit = await stopping;
  expect(exit.code).toBe(1);
  expect(exit.tookMs).toBeLessThan(5000);
});
