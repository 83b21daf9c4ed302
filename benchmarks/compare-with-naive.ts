import { setTimeout as sleep } from "node:timers/promises";
import { measure, openSurroundings, summary, type Measured, type Scenario } from "./measure.ts";
import { startNaive, startOurs } from "./systems.ts";

const DROPLETS_MAX = 200;

/** Both get faster until all that is hot has been compiled: what a process does in its first seconds is not what it costs. */
const WARM_UP_S = 10;

const USUAL = { callers: 50, wait: false, payloadBytes: 0, droplets: 1, tasksPerRequest: 1 };

const SCENARIOS: Scenario[] = [
  { ...USUAL, name: "async" },
  { ...USUAL, name: "sync-1", wait: true, callers: 1 },
  { ...USUAL, name: "sync-50", wait: true },
  { ...USUAL, name: "sync-500", wait: true, callers: 500 },
  { ...USUAL, name: "batch-100", callers: 2, tasksPerRequest: 100 },
  { ...USUAL, name: "async-1KB", payloadBytes: 1000 },
  { ...USUAL, name: "async-10KB", payloadBytes: 10_000 },
  { ...USUAL, name: "async-100KB", callers: 10, payloadBytes: 100_000 },
  { ...USUAL, name: "async-20-droplets", droplets: 20 },
  { ...USUAL, name: "async-200-droplets", droplets: DROPLETS_MAX },
];

export interface Comparison {
  scenario: string;
  ours: Measured;
  naive: Measured;
  isNoisy: boolean;
}

export interface CompareOptions {
  rounds: number;
  seconds: number;
  /** The scenario that alone is wanted. */
  only: string | undefined;
  say: (line: string) => void;
}

/** Ours and the reference on the same Redis and droplets, in alternating rounds. */
export async function compareWithNaive(options: CompareOptions): Promise<Comparison[]> {
  const { rounds, seconds, only, say } = options;
  const scenarios = SCENARIOS.filter(({ name }) => only === undefined || name === only);
  if (scenarios.length === 0) return [];
  await using opened = new AsyncDisposableStack();
  const around = opened.use(await openSurroundings(1));
  const naive = opened.use(await startNaive({ ...around, dropletCount: DROPLETS_MAX }));
  const ours = opened.use(await startOurs({ ...around, dropletCount: 1 }));
  const comparisons: Comparison[] = [];
  for (const system of [naive, ours]) {
    const usual = SCENARIOS[0];
    if (usual && rounds > 1) await measure({ system, around }, usual, WARM_UP_S);
  }
  say("| scenario | system | tasks/s | p50 ms | CPU µs/task | api | worker | Redis | commands |");
  say("|---|---|---|---|---|---|---|---|---|");
  for (const scenario of scenarios) {
    await list(scenario.droplets, around.dropletsUrl, ours.origin);
    const sides = [naive, ours].map((system) => ({ system, all: Array<Measured>() }));
    for (const { system } of sides) await measure({ system, around }, scenario, 1);
    for (let round = 0; round < rounds; round++) {
      for (const { system, all } of sides) {
        all.push(await measure({ system, around }, scenario, seconds));
      }
    }
    const [theirs, own] = sides.map(({ all }) => summary(all));
    if (theirs === undefined || own === undefined) continue;
    for (const [name, one] of Object.entries({ naive: theirs, ours: own })) {
      say(`| ${scenario.name} | ${name} | ${row(one)} |`);
    }
    const isNoisy = theirs.isNoisy || own.isNoisy;
    comparisons.push({ scenario: scenario.name, ours: own, naive: theirs, isNoisy });
  }
  for (const { name, processes } of [naive, ours]) {
    const memory = processes.map((child) => `${child.name} ${child.memoryMb()} MB`);
    say(`memory of ${name} at the end: ${memory.join(", ")}`);
  }
  return comparisons;
}

/** Has so many droplets on the Registry's list, and waits until ours knows them. */
async function list(count: number, dropletsUrl: string, origin: string): Promise<void> {
  await fetch(`${dropletsUrl}/list/${count}`);
  for (let tries = 0; tries < 100; tries++) {
    const text = await (await fetch(`${origin}/orchestrator/droplets`)).text();
    // The Registry itself is on the list as well.
    if (text.match(/"name":"bench-/g)?.length === count) return;
    await sleep(100);
  }
  throw new Error(`not ${count} droplets after 10 s`);
}

function row({ perS, p50Ms, cpuUsPerTask, cpuUs, redisCommandsPerTask }: Measured): string {
  const us = ["api", "worker", "redis"].map((name) => (cpuUs[name] ?? 0).toFixed(0));
  const figures = [perS.toFixed(0), p50Ms.toFixed(2), cpuUsPerTask.toFixed(0), ...us];
  return [...figures, redisCommandsPerTask.toFixed(0)].join(" | ");
}
