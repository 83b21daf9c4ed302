import { expect, test } from "vitest";
import {
  readTask,
  refusalOf,
  submit,
  submitAndWait,
  submitAsync,
  untilEnded,
  untilRunning,
} from "../support/api-client.ts";
import { scrape, valueOf } from "../support/read-metrics.ts";
import { operate } from "../support/operate.ts";
import { perTask, startDroplet } from "../support/scripted-droplet.ts";
import { send, type Answer } from "../support/send.ts";
import type { Service } from "../support/service.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const shared = shareOrchestrator({
  droplets: ["gate", "tried", "picky"],
  env: { DROPLET_CONCURRENCY: "1" },
});

/** A hung attempt is not cut off before the test is over. */
const timeout_ms = 180_000;

/** Promised is about 1 s; what is told apart from it is a wait of 30 s. */
const AT_ONCE_MS = 3000;

async function untilWaiting(api: Service, count: number): Promise<void> {
  await waitFor(`${count} callers to wait`, async () => {
    const waiters = valueOf(await scrape(api), "orchestrator_waiters");
    return waiters >= count;
  });
}

/** Callers who wait behind a task that hangs, and their answers with the time since `act` was over. */
async function answersAfter(
  waiting: Promise<Answer>[],
  act: () => Promise<unknown>,
): Promise<{ answers: Answer[]; tookMs: number }> {
  await act();
  const since = performance.now();
  const answers = await Promise.all(waiting);
  return { answers, tookMs: performance.now() - since };
}

test("callers who wait already are let go when an operator pauses the droplet, the running one is not, and all tasks go on", async () => {
  const { api } = shared;
  const droplet = shared.droplet("gate");
  const path = droplet.route(["hang", 200]);
  const running = submitAndWait(api, { droplet_name: "gate", path, timeout_ms });
  await droplet.untilHanging(1);
  await untilRunning(api, "gate");
  const headers = { prefer: "wait=25" };
  const waiting = [
    submit(api, { droplet_name: "gate", path, timeout_ms }, { headers }),
    submit(api, { droplet_name: "gate", path, timeout_ms }, { headers }),
  ];
  await untilWaiting(api, 3);
  const { answers, tookMs } = await answersAfter(
    waiting,
    async () => await operate(api, "gate", "pause"),
  );
  expect(tookMs).toBeLessThan(AT_ONCE_MS);
  for (const { status, body, headers: given } of answers) {
    expect(status).toBe(202);
    expect(body).toMatchObject({ status: "queued" });
    expect(given["preference-applied"]).toBe("wait=25");
    expect(Number(given["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(given.location).toContain((body as { task_id: string }).task_id);
  }
  await droplet.release();
  expect((await running).status).toBe("success");
  await operate(api, "gate", "resume");
  for (const { body } of answers) {
    const { task_id } = body as { task_id: string };
    expect((await untilEnded(api, task_id)).status).toBe("success");
  }
});

test("a caller whose task waits for a retry is let go when the circuit opens", async () => {
  const { api } = shared;
  const droplet = shared.droplet("tried");
  // A try before this one may have left it open, and a caller who comes then is let go at once.
  await operate(api, "tried", "circuit", { state: "auto" });
  const path = droplet.route(perTask([{ status: 503, headers: { "retry-after": "20" } }, 200]));
  const waiting = submit(api, { droplet_name: "tried", path, timeout_ms });
  await droplet.untilRequests(1);
  await waitFor("the retry to be queued", async () => {
    const { body } = await send(api, "/orchestrator/tasks?droplet_name=tried&status=queued");
    return (body as { total: number }).total === 1;
  });
  const { answers, tookMs } = await answersAfter(
    [waiting],
    async () => await operate(api, "tried", "circuit", { state: "open" }),
  );
  expect(tookMs).toBeLessThan(AT_ONCE_MS);
  expect(answers[0]).toMatchObject({ status: 202, body: { status: "queued" } });
});

test("with when_open=fail whoever waits is refused when the circuit opens: no call is made, and the key is free again", async () => {
  const { api } = shared;
  const droplet = shared.droplet("picky");
  const path = droplet.route(["hang", 200]);
  const first = submit(api, { droplet_name: "picky", path, timeout_ms, when_open: "fail" });
  await droplet.untilHanging(1);
  await untilRunning(api, "picky");
  const headers = { "idempotency-key": `picky-${shared.orchestrator.keyPrefix}` };
  const task = { droplet_name: "picky", path, timeout_ms, when_open: "fail" };
  const waiting = [submit(api, task, { headers }), submit(api, task, { headers })];
  await untilWaiting(api, 3);
  const { answers, tookMs } = await answersAfter(
    waiting,
    async () => await operate(api, "picky", "circuit", { state: "open" }),
  );
  expect(tookMs).toBeLessThan(AT_ONCE_MS);
  for (const answer of answers) {
    expect(refusalOf(answer, 503).code).toBe("CIRCUIT_OPEN");
    expect(Number(answer.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  }
  await droplet.release();
  // It ran already: its caller gets what came of it.
  expect(await first).toMatchObject({ status: 200, body: { status: "success" } });
  await operate(api, "picky", "circuit", { state: "auto" });
  expect(droplet.requests).toHaveLength(1);
  const again = await submit(api, task, { headers });
  expect(again).toMatchObject({ status: 200, body: { status: "success" } });
  expect(again.headers["idempotency-replayed"]).toBeUndefined();
  expect(droplet.requests).toHaveLength(2);
});

test("WAITERS_MAX bounds long polls and callers who join a task too; who does not wait, and who asks for what has ended, is served", async () => {
  await using droplet = await startDroplet("crowd", ["hang"]);
  const apiEnv = { WAITERS_MAX: "2" };
  await using orchestrator = await startOrchestrator({ droplets: [droplet], apiEnv });
  const { api } = orchestrator;
  const task = { droplet_name: "crowd", path: "/", timeout_ms };
  droplet.on("/quick", [200]);
  const ended = await submitAndWait(api, { ...task, path: "/quick" });
  const headers = { "idempotency-key": "crowd" };
  const { task_id } = await submitAsync(api, task, { headers });
  const waiting = [
    send(api, `/orchestrator/tasks/${task_id}?wait=20`),
    submit(api, task, { headers }),
  ];
  await untilWaiting(api, 2);

  for (const refused of [
    await send(api, `/orchestrator/tasks/${task_id}?wait=5`),
    await submit(api, task, { headers }),
    await submit(api, task),
  ]) {
    expect(refusalOf(refused, 503).code).toBe("OVERLOADED");
    expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  }
  expect((await readTask(api, ended.task_id, { wait: 5 })).status).toBe("success");
  expect((await send(api, "/orchestrator/tasks/nobody?wait=5")).status).toBe(404);
  expect((await submitAsync(api, task, { headers })).task_id).toBe(task_id);
  await droplet.untilHanging(1);
  await droplet.release();
  for (const answer of await Promise.all(waiting)) {
    expect(answer).toMatchObject({ status: 200, body: { task_id, status: "success" } });
  }
});
