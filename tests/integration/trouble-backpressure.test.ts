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
import { askToOperate, operate, readDroplet } from "../support/operate.ts";
import { startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import type { Service } from "../support/service.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const shared = shareOrchestrator({
  droplets: ["gate", "narrow", "slow-lane", "checked", "full", "crowd"],
  workers: 2,
  apiEnv: { MAX_QUEUE_DEPTH: "10" },
});

/** Each with an answer that takes a while, so that they overlap if they may. */
async function submitMany(api: Service, droplet_name: string, count: number): Promise<string[]> {
  const accepted = await Promise.all(
    Array.from({ length: count }, async () => await submitAsync(api, { droplet_name, path: "/" })),
  );
  return accepted.map(({ task_id }) => task_id);
}

async function allSucceed(api: Service, ids: readonly string[]): Promise<void> {
  const records = await Promise.all(ids.map(async (id) => await untilEnded(api, id)));
  expect(records.map(({ status }) => status)).toEqual(ids.map(() => "success"));
}

/** How many requests were open at the droplet at the same moment, at most. */
function overlapMax({ requests }: ScriptedDroplet): number {
  const steps = requests
    .flatMap(({ arrivedAt, endedAt }) => [
      [arrivedAt, 1] as const,
      [endedAt ?? Number.MAX_SAFE_INTEGER, -1] as const,
    ])
    .toSorted(([a, up], [b, down]) => a - b || up - down);
  let open = 0;
  return Math.max(...steps.map(([, step]) => (open += step)));
}

test.concurrent("a paused droplet is called by neither of two workers, its callers are answered at once, and resumed it catches up", async () => {
  const { api } = shared;
  const droplet = shared.droplet("gate");
  expect(await operate(api, "GATE", "pause")).toMatchObject({ paused: true });
  expect(await readDroplet(api, "gate")).toMatchObject({ paused: true });

  const waiting = await submit(api, { droplet_name: "gate", path: "/" });
  expect(waiting.status).toBe(202);
  expect(waiting.tookMs).toBeLessThan(5000);
  expect(Number(waiting.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  expect(waiting.body).toMatchObject({ status: "queued" });
  const ids = await submitMany(api, "gate", 6);
  // Another droplet's task has gone all the way through meanwhile: the workers are awake.
  await submitAndWait(api, { droplet_name: "checked", path: "/awake" });
  expect(droplet.requests).toEqual([]);
  expect((await readDroplet(api, "gate")).queue).toMatchObject({ waiting: 7, active: 0 });

  expect(await operate(api, "gate", "resume")).toMatchObject({ paused: false });
  await allSucceed(api, [...ids, (waiting.body as { task_id: string }).task_id]);
  expect(droplet.requests).toHaveLength(7);
});

test.concurrent("a limit of concurrency holds over two workers together, and null lifts it", async () => {
  const { api } = shared;
  const droplet = shared.droplet("narrow");
  droplet.on("/", () => ({ json: 1, afterMs: 150 }));
  const set = await operate(api, "narrow", "limits", { concurrency: 2 });
  expect(set.limits).toEqual({ concurrency: 2, rate: null });
  await allSucceed(api, await submitMany(api, "narrow", 8));
  expect(overlapMax(droplet)).toBe(2);

  const lifted = await operate(api, "narrow", "limits", { concurrency: null });
  expect(lifted.limits).toEqual({ concurrency: null, rate: null });
  await allSucceed(api, await submitMany(api, "narrow", 8));
  expect(overlapMax(droplet)).toBeGreaterThan(2);
});

test.concurrent("a limit of rate holds over two workers together, and null lifts it", async () => {
  const { api } = shared;
  const droplet = shared.droplet("slow-lane");
  const rate = { max: 3, per_ms: 1500 };
  expect((await operate(api, "slow-lane", "limits", { rate })).limits.rate).toEqual(rate);
  await allSucceed(api, await submitMany(api, "slow-lane", 9));
  const arrived = droplet.requests.map(({ arrivedAt }) => arrivedAt);
  // The way from the queue to the droplet takes longer for some than for others: half a window of slack.
  for (const [n, at] of arrived.slice(rate.max).entries()) {
    expect(at - (arrived[n] ?? 0)).toBeGreaterThan(rate.per_ms / 2);
  }
  expect((arrived.at(-1) ?? 0) - (arrived[0] ?? 0)).toBeGreaterThan(2 * rate.per_ms - 500);

  await operate(api, "slow-lane", "limits", { rate: null });
  await allSucceed(api, await submitMany(api, "slow-lane", 9));
  const since = droplet.requests.slice(9).map((request) => request.arrivedAt);
  expect((since[rate.max] ?? Infinity) - (since[0] ?? 0)).toBeLessThan(rate.per_ms / 2);
});

test.concurrent("setting one limit leaves the other as it is", async () => {
  const rate = { max: 100, per_ms: 1000 };
  await operate(shared.api, "checked", "limits", { concurrency: 7, rate });
  await operate(shared.api, "checked", "limits", { concurrency: 9 });
  const { limits } = await readDroplet(shared.api, "checked");
  expect(limits).toEqual({ concurrency: 9, rate });
  await operate(shared.api, "checked", "limits", { concurrency: null, rate: null });
});

test.concurrent.for<[what: string, action: "limits" | "circuit", json: unknown]>([
  ["no limit at all", "limits", {}],
  ["a concurrency of 0", "limits", { concurrency: 0 }],
  ["half a task", "limits", { concurrency: 1.5 }],
  ["a number as text", "limits", { concurrency: "3" }],
  ["a rate without a window", "limits", { rate: { max: 1 } }],
  ["a window of 0 ms", "limits", { rate: { max: 1, per_ms: 0 } }],
  ["a list", "limits", []],
  ["a state that is none", "circuit", { state: "ajar" }],
  ["no state", "circuit", {}],
])("%s is refused with 400", async ([, action, json], { expect: the }) => {
  const before = await readDroplet(shared.api, "checked");
  const answer = await askToOperate(shared.api, "checked", action, json);
  the(fieldsRefused(answer).length).toBeGreaterThan(0);
  the((await readDroplet(shared.api, "checked")).circuit).toEqual(before.circuit);
});

test.concurrent.for(["pause", "resume", "limits", "circuit"] as const)(
  "%s: 404 for an unknown droplet, 403 for one who is not an operator",
  async (action, { expect: the }) => {
    const json = { concurrency: 1, state: "open" };
    const unknown = await askToOperate(shared.api, "nobody", action, json);
    the(refusalOf(unknown, 404).code).toBe("DROPLET_NOT_FOUND");
    const proxied = { "x-forwarded-for": "10.0.0.1" };
    const foreign = await askToOperate(shared.api, "crowd", action, json, proxied);
    the(refusalOf(foreign, 403).code).toBe("FORBIDDEN");
    the(await readDroplet(shared.api, "crowd")).toMatchObject({
      paused: false,
      circuit: { state: "closed" },
      limits: { concurrency: null },
    });
  },
);

test.concurrent("a queue that is full refuses with 429 and Retry-After; what was refused is not in it", async () => {
  const { api } = shared;
  // More than the limit, but not at once: what has run does not count.
  for (let round = 0; round < 2; round++) {
    await allSucceed(api, await submitMany(api, "full", 8));
  }
  shared.droplet("full").requests.length = 0;
  await operate(api, "full", "pause");
  const ids = await submitMany(api, "full", 10);
  // Until the depth has been counted a few more may come in.
  const refused = await waitFor("a refusal", async () => {
    const answer = await submit(api, { droplet_name: "full", path: "/" }, { wait: false });
    if (answer.status === 202) ids.push((answer.body as { task_id: string }).task_id);
    return answer.status === 429 && answer;
  });
  const { code, details } = refusalOf(refused, 429);
  expect(code).toBe("QUEUE_FULL");
  expect(details).toMatchObject({ limit: 10 });
  expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  expect((await readDroplet(api, "full")).queue.waiting).toBe(ids.length);
  // The depth is counted every second: what came in between is what a busy machine sends in that time.
  expect(ids.length).toBeLessThanOrEqual(30);
  expect((await submitAndWait(api, { droplet_name: "checked", path: "/" })).status).toBe("success");

  await operate(api, "full", "resume");
  await allSucceed(api, ids);
  await waitFor("the queue to take tasks again", async () => {
    const { status } = await submit(api, { droplet_name: "full", path: "/again" });
    return status === 200;
  });
  const called = shared.droplet("full").requests.filter(({ path }) => path === "/");
  expect(new Set(called.map(({ taskId }) => taskId))).toEqual(new Set(ids));
});

test("as many callers as WAITERS_MAX wait: one more is refused with 503, who does not wait is served", async () => {
  await using droplet = await startDroplet("crowd", ["hang"]);
  const apiEnv = { WAITERS_MAX: "5" };
  await using orchestrator = await startOrchestrator({ droplets: [droplet], apiEnv });
  const { api } = orchestrator;
  const task = { droplet_name: "crowd", path: "/" };
  const waiting = Promise.all(
    Array.from({ length: 5 }, async () => await submitAndWait(api, task)),
  );
  await droplet.untilHanging(5);
  const refused = await submit(api, task);
  expect(refusalOf(refused, 503).code).toBe("OVERLOADED");
  expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  const { task_id } = await submitAsync(api, task);
  expect((await readTask(api, task_id)).status).toMatch(/queued|running/);

  await droplet.untilHanging(6);
  await droplet.release();
  expect((await waiting).map(({ status }) => status)).toEqual(Array(5).fill("success"));
  expect((await untilEnded(api, task_id)).status).toBe("success");
  expect(droplet.requests).toHaveLength(6);
});
