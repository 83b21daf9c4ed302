import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { Child } from "./child.ts";
import { load, median, quantile } from "./load.ts";
import { startNaive, startOurs, type System } from "./systems.ts";

interface Scenario {
  name: string;
  callers: number;
  wait: boolean;
  payloadBytes: number;
}

interface Measured {
  perS: number;
  p50Ms: number;
  cpuUsPerTask: number;
  redisUsPerTask: number;
}

/** A spread of the rounds beyond this says more about the machine than about the system. */
const NOISY_SPREAD = 0.6;

/** A backlog that takes longer than this to reach the droplet is stuck. */
const DELIVER_MS_MAX = 120_000;

const SCENARIOS: Scenario[] = [
  { name: "async", callers: 50, wait: false, payloadBytes: 0 },
  { name: "sync-1", callers: 1, wait: true, payloadBytes: 0 },
  { name: "sync-50", callers: 50, wait: true, payloadBytes: 0 },
  { name: "sync-500", callers: 500, wait: true, payloadBytes: 0 },
  { name: "async-10KB", callers: 50, wait: false, payloadBytes: 10_000 },
];

const { values } = parseArgs({
  options: { quick: { type: "boolean", default: false }, only: { type: "string" } },
});
const rounds = values.quick ? 1 : 5;
const seconds = values.quick ? 2 : 6;
const scenarios = SCENARIOS.filter(({ name }) => !values.only || name === values.only);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

await using opened = new AsyncDisposableStack();
const redisPort = 20_000 + (process.pid % 20_000);
const redis = opened.use(Child.redis(redisPort));
await redis.up;
const droplets = opened.use(
  Child.node("droplets", "benchmarks/instant-droplets.ts", {}, "droplets.listening"),
);
const { port: dropletsPort } = await droplets.up;
const around = {
  redisUrl: `redis://127.0.0.1:${redisPort}`,
  dropletsUrl: `http://127.0.0.1:${String(dropletsPort)}`,
  dropletCount: 1,
};
const systems = [opened.use(await startNaive(around)), opened.use(await startOurs(around))];

const [cpu] = cpus();
say(
  `${cpus().length} × ${cpu?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`,
);
say(
  `${rounds} alternating rounds of ${seconds} s; load, API, worker, Redis and droplet share the machine\n`,
);
say("| scenario | system | tasks/s | p50 ms | CPU µs/task | of it Redis |");
say("|---|---|---|---|---|---|");
const results: Record<string, Record<string, Measured & { isNoisy: boolean }>> = {};
for (const scenario of scenarios) {
  const measured = new Map<string, Measured[]>(systems.map(({ name }) => [name, []]));
  for (const system of systems) await measure(system, scenario, 1);
  for (let round = 0; round < rounds; round++) {
    for (const system of systems) {
      measured.get(system.name)?.push(await measure(system, scenario, seconds));
    }
  }
  results[scenario.name] = Object.fromEntries(
    Array.from(measured, ([name, all]) => [name, summary(all)]),
  );
  for (const [name, one] of Object.entries(results[scenario.name] ?? {})) {
    const numbers = one.isNoisy
      ? ["too noisy", "", "", ""]
      : [
          one.perS.toFixed(0),
          one.p50Ms.toFixed(2),
          one.cpuUsPerTask.toFixed(0),
          one.redisUsPerTask.toFixed(0),
        ];
    say(`| ${scenario.name} | ${name} | ${numbers.join(" | ")} |`);
  }
}
for (const { name, memory } of systems.map((system) => ({
  name: system.name,
  memory: system.processes.map((child) => `${child.name} ${child.memoryMb()} MB`),
})))
  say(`memory of ${name}: ${memory.join(", ")}`);
mkdirSync("benchmarks/results", { recursive: true });
writeFileSync("benchmarks/results/latest.json", `${JSON.stringify(results, null, 2)}\n`);
say("");
for (const [scenario, { ours, naive }] of Object.entries(results)) {
  if (!ours || !naive) continue;
  say(`ratio ${scenario} throughput: ${(ours.perS / naive.perS).toFixed(2)}`);
  say(`ratio ${scenario} p50: ${(ours.p50Ms / naive.p50Ms).toFixed(2)}`);
  say(`ratio ${scenario} cpu: ${(ours.cpuUsPerTask / naive.cpuUsPerTask).toFixed(2)}`);
}

/** One round: tasks are counted when they are done at the droplet, not when they were taken. */
async function measure(system: System, scenario: Scenario, forSeconds: number): Promise<Measured> {
  const costs = [...system.processes, redis, droplets];
  const before = costs.map((child) => child.cpuMs());
  const ownBefore = process.cpuUsage();
  const deliveredBefore = await delivered();
  const startedAt = performance.now();
  const payload = scenario.payloadBytes > 0 ? "x".repeat(scenario.payloadBytes) : null;
  const body = JSON.stringify({ droplet_name: "bench-0", method: "POST", path: "/work", payload });
  const result = await load({
    origin: system.origin,
    callers: scenario.callers,
    seconds: forSeconds,
    body: () => body,
    path: `/orchestrator/tasks?wait=${scenario.wait}`,
    expectStatus: scenario.wait ? 200 : 202,
  });
  const deadline = performance.now() + DELIVER_MS_MAX;
  while ((await delivered()) - deliveredBefore < result.answered) {
    if (performance.now() > deadline) throw new Error(`${system.name} did not deliver everything`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const took = (performance.now() - startedAt) / 1000;
  const spent = costs.map((child, index) => child.cpuMs() - (before[index] ?? 0));
  const own = process.cpuUsage(ownBefore);
  const cpuUs = spent.reduce((sum, ms) => sum + ms * 1000, 0) + own.user + own.system;
  return {
    perS: result.answered / took,
    p50Ms: quantile(result.latenciesMs, 0.5),
    cpuUsPerTask: cpuUs / result.answered,
    redisUsPerTask: ((spent[system.processes.length] ?? 0) * 1000) / result.answered,
  };
}

async function delivered(): Promise<number> {
  const response = await fetch(`${around.dropletsUrl}/delivered`);
  return Number(await response.text());
}

function summary(all: Measured[]): Measured & { isNoisy: boolean } {
  const rates = all.map(({ perS }) => perS);
  const spread = (Math.max(...rates) - Math.min(...rates)) / median(rates);
  return {
    perS: median(rates),
    p50Ms: median(all.map(({ p50Ms }) => p50Ms)),
    cpuUsPerTask: median(all.map(({ cpuUsPerTask }) => cpuUsPerTask)),
    redisUsPerTask: median(all.map(({ redisUsPerTask }) => redisUsPerTask)),
    isNoisy: spread > NOISY_SPREAD,
  };
}
