import { expect, test } from "vitest";
import { readTask, refusalOf, submit, submitAsync, untilEnded } from "../support/api-client.ts";
import { operate, readDroplet } from "../support/operate.ts";
import { startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import type { Service } from "../support/service.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import type { Step } from "../support/step.ts";
import { waitFor } from "../support/wait-for.ts";

const shared = shareOrchestrator({
  droplets: ["broken", "probed", "grumpy", "half", "forced", "impatient"],
  workers: 2,
});

/** From the contract: closed, it opens for 10 s at 20 attempts in 30 s of which half failed. */
const ATTEMPTS_MIN = 20;
const OPEN_MS = 10_000;

const accept = async (api: Service, droplet_name: string, more = {}): Promise<string> =>
  (await submitAsync(api, { droplet_name, path: "/", max_retries: 0, ...more })).task_id;

async function acceptMany(api: Service, droplet: string, count: number): Promise<string[]> {
  return await Promise.all(Array.from({ length: count }, async () => await accept(api, droplet)));
}

async function untilCircuit(api: Service, droplet: string, state: string, timeoutMs = 15_000) {
  await waitFor(
    `the circuit of ${droplet} to be ${state}`,
    async () => {
      const { circuit } = await readDroplet(api, droplet);
      expect(circuit.state).toBe(state);
      return true;
    },
    { timeoutMs, everyMs: 100 },
  );
}

/** Fails as many attempts as it takes. */
async function breakCircuit(api: Service, droplet: ScriptedDroplet, how: Step = 503) {
  droplet.on("/", () => how);
  await acceptMany(api, droplet.name, ATTEMPTS_MIN);
  await untilCircuit(api, droplet.name, "open");
  expect(droplet.requests).toHaveLength(ATTEMPTS_MIN);
}

test.concurrent(
  "20 failures open the circuit: its tasks are parked, one probe goes out after 10 s, a failed one doubles the time, one that succeeds lets the rest through",
  { timeout: 70_000 },
  async () => {
    const { api } = shared;
    const droplet = shared.droplet("broken");
    await breakCircuit(api, droplet);
    const lastFailedAt = droplet.requests.at(-1)?.arrivedAt ?? 0;
    const waiting = await submit(api, { droplet_name: "broken", path: "/", max_retries: 0 });
    expect(waiting.status).toBe(202);
    expect(waiting.tookMs).toBeLessThan(5000);
    const retryAfterS = Number(waiting.headers["retry-after"]);
    expect(retryAfterS).toBeGreaterThanOrEqual(1);
    expect(retryAfterS).toBeLessThanOrEqual(OPEN_MS / 1000);
    const parked = await acceptMany(api, "broken", 6);

    const probes = async (count: number): Promise<number> => {
      const calls = await droplet.untilRequests(ATTEMPTS_MIN + count, undefined, {
        timeoutMs: 40_000,
      });
      expect(calls).toHaveLength(ATTEMPTS_MIN + count);
      return calls.at(-1)?.arrivedAt ?? 0;
    };
    const first = await probes(1);
    expect(first - lastFailedAt).toBeGreaterThanOrEqual(OPEN_MS);
    await untilCircuit(api, "broken", "open");
    droplet.on("/", [200]);
    const second = await waitFor("the second probe", () => droplet.requests[ATTEMPTS_MIN + 1], {
      timeoutMs: 40_000,
    });
    expect(second.arrivedAt - first).toBeGreaterThan(2 * OPEN_MS - 1000);

    const tasks = [...parked, (waiting.body as { task_id: string }).task_id];
    const ended = await Promise.all(tasks.map(async (id) => await untilEnded(api, id)));
    await untilCircuit(api, "broken", "closed");
    // The first probe was one of them; being parked cost no attempt.
    expect(ended.map(({ status }) => status).toSorted()).toEqual([
      "error",
      ...Array(6).fill("success"),
    ]);
    expect(ended.map(({ attempts }) => attempts.length)).toEqual(Array(7).fill(1));
    expect(droplet.requests).toHaveLength(ATTEMPTS_MIN + 7);
  },
);

test.concurrent(
  "one probe at a time, and an operator's pause is not undone when it closes the circuit",
  { timeout: 60_000 },
  async () => {
    const { api } = shared;
    const droplet = shared.droplet("probed");
    await breakCircuit(api, droplet, "reset");
    droplet.on("/", () => "hang");
    const parked = await acceptMany(api, "probed", 5);
    await droplet.untilHanging(1, { timeoutMs: 25_000 });
    await untilCircuit(api, "probed", "half_open");
    // Long enough for two workers to take more, if they did.
    await accept(api, "half", { path: "/meanwhile" }).then(async (id) => await untilEnded(api, id));
    expect(droplet.requests).toHaveLength(ATTEMPTS_MIN + 1);

    await operate(api, "probed", "pause");
    droplet.on("/", [200]);
    await droplet.release();
    await untilCircuit(api, "probed", "closed");
    const state = await readDroplet(api, "probed");
    expect(state).toMatchObject({ paused: true, queue: { waiting: 4, active: 0 } });
    const waiting = await submit(api, { droplet_name: "probed", path: "/" });
    expect(waiting.status).toBe(202);
    expect(droplet.requests).toHaveLength(ATTEMPTS_MIN + 1);

    await operate(api, "probed", "resume");
    for (const id of parked) expect((await untilEnded(api, id)).status).toBe("success");
  },
);

test.concurrent("answers of 429 and 4xx never open a circuit, however many", async () => {
  const { api } = shared;
  const droplet = shared.droplet("grumpy");
  const script: Step[] = [429, 404, 400, 408, 422];
  droplet.on("/", ({ taskId }) => script[(taskId?.charCodeAt(0) ?? 0) % script.length] ?? 429);
  const ids = await acceptMany(api, "grumpy", 40);
  for (const id of ids) expect((await untilEnded(api, id)).status).toBe("error");
  const { task_id } = await submitAsync(api, { droplet_name: "grumpy", path: "/fine" });
  expect((await untilEnded(api, task_id)).status).toBe("success");
  expect((await readDroplet(api, "grumpy")).circuit.state).toBe("closed");
  // A circuit that opened may have closed again by now: the log would tell.
  const changes = shared.orchestrator.workers.flatMap(({ logs }) => logs.filter("circuit.changed"));
  expect(changes.filter((line) => line["droplet"] === "grumpy")).toEqual([]);
});

test.concurrent("half of the attempts suffice, fewer do not", async () => {
  const { api } = shared;
  const droplet = shared.droplet("half");
  droplet.on("/good", [200]);
  droplet.on("/bad", [500]);
  const run = async (path: string, count: number): Promise<void> => {
    const ids = await Promise.all(
      Array.from({ length: count }, async () => await accept(api, "half", { path })),
    );
    for (const id of ids) await untilEnded(api, id);
  };
  await run("/good", 25);
  await run("/bad", 15);
  expect((await readDroplet(api, "half")).circuit.state).toBe("closed");
  await run("/bad", 15);
  await untilCircuit(api, "half", "open");
});

test.concurrent("while the circuit is open when_open=fail refuses with 503: nothing is queued, and its Idempotency-Key is free", async () => {
  const { api } = shared;
  await operate(api, "impatient", "circuit", { state: "open" });
  const headers = { "idempotency-key": `impatient-${shared.orchestrator.keyPrefix}` };
  const task = { droplet_name: "impatient", path: "/", when_open: "fail" };
  const refused = await submit(api, task, { headers });
  expect(refusalOf(refused, 503).code).toBe("CIRCUIT_OPEN");
  expect(refused.tookMs).toBeLessThan(5000);
  expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  expect((await readDroplet(api, "impatient")).queue).toMatchObject({ waiting: 0, delayed: 0 });

  // Another body under the same key: a claim that was left would be a mismatch.
  const queued = await submitAsync(
    api,
    { ...task, path: "/other", when_open: "queue" },
    { headers },
  );
  await operate(api, "impatient", "circuit", { state: "auto" });
  expect((await untilEnded(api, queued.task_id)).status).toBe("success");
  const paths = shared.droplet("impatient").requests.map(({ path }) => path);
  expect(paths).toEqual(["/other"]);
});

test.concurrent("forced open nothing passes, forced closed everything does however it fails, auto decides by itself", async () => {
  const { api } = shared;
  const droplet = shared.droplet("forced");
  droplet.on("/", () => 500);
  const opened = await operate(api, "FORCED", "circuit", { state: "open" });
  expect(opened.circuit.state).toBe("forced_open");
  const id = await accept(api, "forced");
  expect((await readTask(api, id)).status).toBe("queued");

  await operate(api, "forced", "circuit", { state: "closed" });
  await untilEnded(api, id);
  for (const one of await acceptMany(api, "forced", 2 * ATTEMPTS_MIN)) await untilEnded(api, one);
  expect((await readDroplet(api, "forced")).circuit.state).toBe("forced_closed");
  expect(droplet.requests).toHaveLength(2 * ATTEMPTS_MIN + 1);

  await operate(api, "forced", "circuit", { state: "auto" });
  expect((await readDroplet(api, "forced")).circuit.state).toBe("closed");
  for (const one of await acceptMany(api, "forced", ATTEMPTS_MIN)) await untilEnded(api, one);
  await untilCircuit(api, "forced", "open");
});

test("circuit, pause and limits survive a restart of every process, and are seen by both APIs", async () => {
  await using droplet = await startDroplet("kept");
  await using idle = await startDroplet("idle");
  await using orchestrator = await startOrchestrator({ droplets: [droplet, idle], apis: 2 });
  const { api, worker, apis } = orchestrator;
  await operate(api, "kept", "circuit", { state: "open" });
  await operate(api, "kept", "limits", { concurrency: 3 });
  await operate(api, "idle", "pause");
  const ids = [await accept(api, "kept"), await accept(api, "idle")];
  await Promise.all([...apis, worker].map(async (service) => await service.restart()));
  await Promise.all([...apis, worker].map(async (service) => await service.untilReady()));

  for (const one of apis) {
    await untilCircuit(one, "kept", "forced_open");
    expect((await readDroplet(one, "kept")).limits.concurrency).toBe(3);
    expect(await readDroplet(one, "idle")).toMatchObject({ paused: true });
    const answer = await submit(one, { droplet_name: "kept", path: "/", when_open: "fail" });
    expect(refusalOf(answer, 503).code).toBe("CIRCUIT_OPEN");
  }
  expect((await send(worker, "/healthz/ready")).status).toBe(200);
  expect([...droplet.requests, ...idle.requests]).toEqual([]);
  await operate(api, "kept", "circuit", { state: "auto" });
  await operate(api, "idle", "resume");
  for (const id of ids) expect((await untilEnded(api, id)).status).toBe("success");
});
