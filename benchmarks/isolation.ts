import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Pool } from "undici";
import { findFreePort } from "../tests/support/free-port.ts";
import { Child } from "./child.ts";
import { median, quantile } from "./load.ts";
import { startOurs } from "./systems.ts";

/**
 * What the others notice of a droplet that hangs: waiting callers of four droplets at an even pace, in turn alone and
 * beside 50 tasks a second for a fifth one that answers none.
 */
const HUNG = "bench-0";
const OTHERS = ["bench-1", "bench-2", "bench-3", "bench-4"];
const HUNG_PER_S = 50;
const OTHERS_PER_S = 60;

/** Longer than any run: neither their end nor the circuit that time-outs open may relieve anybody. */
const HUNG_TIMEOUT_MS = 3_600_000;

/** Every slot that one worker has for a droplet is taken from here on. */
const WORKER_SLOTS = 50;

const DRAIN_MS_MAX = 60_000;

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const rounds = values.quick ? 3 : 12;
const seconds = values.quick ? 3 : 5;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

await using opened = new AsyncDisposableStack();
const redisPort = await findFreePort();
const redis = opened.use(Child.redis(redisPort));
await redis.up;
const dropletCount = String(OTHERS.length + 1);
const droplets = opened.use(
  Child.node(
    "droplets",
    "benchmarks/instant-droplets.ts",
    { DROPLET_COUNT: dropletCount },
    "droplets.listening",
  ),
);
const { port } = await droplets.up;
const dropletsUrl = `http://127.0.0.1:${String(port)}`;
const redisUrl = `redis://127.0.0.1:${redisPort}`;
const { origin } = opened.use(
  await startOurs({ redisUrl, dropletsUrl, dropletCount: OTHERS.length + 1 }),
);
const pool = new Pool(origin, { connections: 256, pipelining: 1 });
opened.defer(async () => await pool.close());

say(
  `${rounds} alternating rounds of ${seconds} s; load, API, worker, Redis and droplets share the machine`,
);
await measureOthers(2);
const alone: number[] = [];
const beside: number[] = [];
for (let round = 0; round < rounds; round++) {
  const undisturbed = await measureOthers(seconds);
  const disturbed = await measureBesideHung();
  alone.push(quantile(undisturbed, 0.99));
  beside.push(quantile(disturbed, 0.99));
  say(
    `p50/p99 ms of the others: ${p50p99(undisturbed)} alone, ${p50p99(disturbed)} with one droplet hung`,
  );
}
say(`ratio p99 others, one droplet hung: ${(median(beside) / median(alone)).toFixed(2)}`);

async function measureBesideHung(): Promise<number[]> {
  await fetch(`${dropletsUrl}/hang/on`);
  const stopping = new AbortController();
  const flood = pace(HUNG_PER_S, stopping.signal, async () => {
    const task = { droplet_name: HUNG, path: "/hang", method: "POST", timeout_ms: HUNG_TIMEOUT_MS };
    await submit(task, false, 202);
  });
  try {
    await until(async () => (await queueOf(HUNG)).active >= WORKER_SLOTS);
    return await measureOthers(seconds);
  } finally {
    stopping.abort();
    await flood;
    await relieveHung();
  }
}

/** It answers, and the next round starts from an empty queue. */
async function relieveHung(): Promise<void> {
  await fetch(`${dropletsUrl}/hang/off`);
  await until(async () => {
    const { waiting, active } = await queueOf(HUNG);
    return waiting + active === 0;
  });
}

/** How long each waited for its result, in ms, in order. */
async function measureOthers(forSeconds: number): Promise<number[]> {
  const tookMs: number[] = [];
  await pace(OTHERS_PER_S, AbortSignal.timeout(forSeconds * 1000), async (n) => {
    const startedAt = performance.now();
    await submit({ droplet_name: OTHERS[n % OTHERS.length], path: "/work" }, true, 200);
    tookMs.push(performance.now() - startedAt);
  });
  return tookMs.toSorted((a, b) => a - b);
}

/** Begins a call at even distances, however long each takes; ends when all have ended. */
async function pace(
  perS: number,
  signal: AbortSignal,
  call: (n: number) => Promise<void>,
): Promise<void> {
  const calls: Promise<void>[] = [];
  const startedAt = performance.now();
  while (!signal.aborted) {
    calls.push(call(calls.length));
    const nextAt = startedAt + (calls.length * 1000) / perS;
    await sleep(Math.max(0, nextAt - performance.now()));
  }
  await Promise.all(calls);
}

/** Load that is shed is asked again, as Retry-After says; the time it takes counts. */
async function submit(task: object, waits: boolean, expectStatus: number): Promise<void> {
  for (;;) {
    const answer = await pool.request({
      path: `/orchestrator/tasks?wait=${waits}`,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(task),
    });
    const text = await answer.body.text();
    if (answer.statusCode === expectStatus) return;
    if (answer.statusCode !== 503) throw new Error(`${answer.statusCode}: ${text}`);
    await sleep(100);
  }
}

async function queueOf(droplet: string): Promise<{ waiting: number; active: number }> {
  const answer = await pool.request({ path: `/orchestrator/droplets/${droplet}`, method: "GET" });
  const found: unknown = await answer.body.json();
  if (typeof found === "object" && found !== null && "queue" in found) {
    const { waiting, active } = Object(found.queue);
    return { waiting: Number(waiting), active: Number(active) };
  }
  throw new Error(`no queue in ${JSON.stringify(found)}`);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DRAIN_MS_MAX;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${DRAIN_MS_MAX} ms`);
    await sleep(50);
  }
}

function p50p99(sorted: readonly number[]): string {
  return `${quantile(sorted, 0.5).toFixed(1)}/${quantile(sorted, 0.99).toFixed(1)}`;
}
