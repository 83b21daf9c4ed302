import { Redis } from "ioredis";
import { findFreePort } from "../tests/support/free-port.ts";
import { Child } from "./child.ts";
import { load, median, quantile } from "./load.ts";
import { startOurs, type System } from "./systems.ts";

/** A backlog that takes longer than this to reach the droplet is stuck. */
const DELIVER_MS_MAX = 120_000;

/** A spread of the rounds beyond this says more about the machine than about the system. */
const NOISY_SPREAD = 0.6;

export interface Scenario {
  name: string;
  callers: number;
  wait: boolean;
  payloadBytes: number;
  /** Over how many the tasks are spread in turn. */
  droplets: number;
  /** More than one: as a batch. */
  tasksPerRequest: number;
}

export interface Measured {
  perS: number;
  p50Ms: number;
  cpuUsPerTask: number;
  /** Of it, by process. */
  cpuUs: Record<string, number>;
  redisCommandsPerTask: number;
}

/** Redis, and the droplets with the Registry that lists them. */
export interface Surroundings extends AsyncDisposable {
  redis: Child;
  redisUrl: string;
  droplets: Child;
  dropletsUrl: string;
}

/** @param shared a Redis to use together with another side */
export async function openSurroundings(
  dropletCount: number,
  shared?: { redis: Child; redisUrl: string },
): Promise<Surroundings> {
  await using opened = new AsyncDisposableStack();
  const port = await findFreePort();
  const redis = shared?.redis ?? opened.use(Child.redis(port));
  await redis.up;
  const env = { DROPLET_COUNT: String(dropletCount) };
  const entry = "benchmarks/instant-droplets.ts";
  const droplets = opened.use(Child.node("droplets", entry, env, "droplets.listening"));
  const { port: dropletsPort } = await droplets.up;
  const closing = opened.move();
  return {
    redis,
    redisUrl: shared?.redisUrl ?? `redis://127.0.0.1:${port}`,
    droplets,
    dropletsUrl: `http://127.0.0.1:${String(dropletsPort)}`,
    [Symbol.asyncDispose]: async () => await closing.disposeAsync(),
  };
}

/** One of ours with droplets and a Registry of its own. */
export interface Side extends AsyncDisposable {
  system: System;
  around: Surroundings;
  dropletCount: number;
}

export async function openSide(
  dropletCount: number,
  shared: { redis: Child; redisUrl: string },
  env: Record<string, string> = {},
): Promise<Side> {
  await using opened = new AsyncDisposableStack();
  const around = opened.use(await openSurroundings(dropletCount, shared));
  const system = opened.use(await startOurs({ ...around, dropletCount }, env));
  const closing = opened.move();
  return {
    system,
    around,
    dropletCount,
    [Symbol.asyncDispose]: async () => await closing.disposeAsync(),
  };
}

/** One round: tasks are counted when they are done at the droplet, not when they were taken. */
export async function measure(
  { system, around }: Pick<Side, "system" | "around">,
  scenario: Scenario,
  seconds: number,
): Promise<Measured> {
  const { tasksPerRequest, callers, wait } = scenario;
  const meter = await startMeter(system, around);
  const deliveredBefore = await delivered(around);
  const startedAt = performance.now();
  const result = await load({
    origin: system.origin,
    callers,
    seconds,
    body: (n) => bodyOf(scenario, n),
    path: tasksPerRequest > 1 ? "/orchestrator/tasks/batch" : `/orchestrator/tasks?wait=${wait}`,
    expectStatus: wait ? 200 : 202,
  });
  const tasks = result.answered * tasksPerRequest;
  await untilDelivered(around, deliveredBefore + tasks);
  const took = (performance.now() - startedAt) / 1000;
  return {
    perS: tasks / took,
    p50Ms: quantile(result.latenciesMs, 0.5),
    ...(await meter(tasks)),
  };
}

/** What is spent from now on; the function it gives tells how much of it each of so many tasks cost. */
export async function startMeter(system: System, { redis, droplets, redisUrl }: Surroundings) {
  const children = [...system.processes, redis, droplets];
  const before = children.map((child) => child.cpuMs());
  const ownBefore = process.cpuUsage();
  const commandsBefore = await commandsOf(redisUrl);
  return async (tasks: number) => {
    const own = process.cpuUsage(ownBefore);
    const cpuUs = Object.fromEntries(
      children.map((child, at) => [
        child.name,
        ((child.cpuMs() - (before[at] ?? 0)) * 1000) / tasks,
      ]),
    );
    cpuUs["load"] = (own.user + own.system) / tasks;
    return {
      cpuUs,
      cpuUsPerTask: Object.values(cpuUs).reduce((sum, us) => sum + us, 0),
      redisCommandsPerTask: ((await commandsOf(redisUrl)) - commandsBefore) / tasks,
    };
  };
}

export async function delivered({ dropletsUrl }: Surroundings): Promise<number> {
  const response = await fetch(`${dropletsUrl}/delivered`);
  return Number(await response.text());
}

export async function untilDelivered(around: Surroundings, count: number): Promise<void> {
  const deadline = performance.now() + DELIVER_MS_MAX;
  while ((await delivered(around)) < count) {
    if (performance.now() > deadline) throw new Error(`not ${count} delivered in time`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The medians of all rounds, each figure by itself. */
export function summary(all: readonly Measured[]): Measured & { isNoisy: boolean } {
  const rates = all.map(({ perS }) => perS);
  const processes = Object.keys(all[0]?.cpuUs ?? {});
  return {
    perS: median(rates),
    p50Ms: median(all.map(({ p50Ms }) => p50Ms)),
    cpuUsPerTask: median(all.map(({ cpuUsPerTask }) => cpuUsPerTask)),
    cpuUs: Object.fromEntries(
      processes.map((name) => [name, median(all.map(({ cpuUs }) => cpuUs[name] ?? 0))]),
    ),
    redisCommandsPerTask: median(all.map((one) => one.redisCommandsPerTask)),
    isNoisy: (Math.max(...rates) - Math.min(...rates)) / median(rates) > NOISY_SPREAD,
  };
}

export function bodyOf({ droplets, payloadBytes, tasksPerRequest }: Scenario, n: number): string {
  const payload = payloadBytes > 0 ? "x".repeat(payloadBytes) : null;
  const task = { droplet_name: `bench-${n % droplets}`, method: "POST", path: "/work", payload };
  if (tasksPerRequest === 1) return JSON.stringify(task);
  return JSON.stringify({ tasks: Array.from({ length: tasksPerRequest }, () => task) });
}

/** How many commands Redis has run; those within scripts count as well. */
async function commandsOf(redisUrl: string): Promise<number> {
  const redis = new Redis(redisUrl);
  try {
    const info = await redis.info("stats");
    return Number(/total_commands_processed:(\d+)/.exec(info)?.[1] ?? 0);
  } finally {
    redis.disconnect();
  }
}
