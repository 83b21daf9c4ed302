import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child } from "./child.ts";

/** One of the two sides: where to send tasks, and whose CPU counts. */
export interface System extends AsyncDisposable {
  name: "ours" | "naive";
  origin: string;
  processes: Child[];
  /** What its keys in Redis begin with. */
  keyPrefix: string;
}

export interface Surroundings {
  redisUrl: string;
  dropletsUrl: string;
  dropletCount: number;
}

/** Ours as in production: records, history, metrics, info logging (into a pipe), a queue per droplet. */
export async function startOurs(
  around: Surroundings,
  env: Record<string, string> = {},
): Promise<System> {
  const shared = {
    REDIS_URL: around.redisUrl,
    REGISTRY_URL: around.dropletsUrl,
    REGISTRY_CACHE_DIR: mkdtempSync(join(tmpdir(), "orchestrator-bench-")),
    KEY_PREFIX: `bench-${process.pid}-${Date.now()}`,
    REGISTRY_SYNC_INTERVAL: "2",
    HOST: "127.0.0.1",
    PORT: "0",
    WORKER_PORT: "0",
    ...env,
  };
  const api = Child.node("api", "apps/api/src/main.ts", shared, "api.listening");
  const worker = Child.node("worker", "apps/worker/src/main.ts", shared, "worker.started");
  const { port } = await api.up;
  await worker.up;
  const origin = `http://127.0.0.1:${String(port)}`;
  await untilListed(origin, around.dropletCount);
  return system("ours", origin, [api, worker], shared.KEY_PREFIX);
}

export async function startNaive(around: Surroundings): Promise<System> {
  const names = Array.from({ length: around.dropletCount }, (_, n) => `bench-${n}`);
  const env = {
    REDIS_URL: around.redisUrl,
    DROPLETS: JSON.stringify(Object.fromEntries(names.map((name) => [name, around.dropletsUrl]))),
  };
  const api = Child.node("api", "benchmarks/naive-api.ts", env, "api.listening");
  const worker = Child.node("worker", "benchmarks/naive-worker.ts", env, "worker.started");
  const { port } = await api.up;
  await worker.up;
  return system("naive", `http://127.0.0.1:${String(port)}`, [api, worker], "bull");
}

function system(
  name: System["name"],
  origin: string,
  processes: Child[],
  keyPrefix: string,
): System {
  return {
    name,
    origin,
    processes,
    keyPrefix,
    async [Symbol.asyncDispose]() {
      await Promise.all(processes.map(async (child) => await child[Symbol.asyncDispose]()));
    },
  };
}

async function untilListed(origin: string, count: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const response = await fetch(`${origin}/orchestrator/droplets`);
    const answer: unknown = await response.json();
    const hasList = typeof answer === "object" && answer !== null && "droplets" in answer;
    if (hasList && Array.isArray(answer.droplets) && answer.droplets.length >= count) return;
    await sleep(100);
  }
  throw new Error(`${origin} does not know its ${count} droplets after 10 s`);
}
