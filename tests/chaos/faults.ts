import { setTimeout as sleep } from "node:timers/promises";
import type { RedisServer } from "../support/redis-server.ts";
import type { Service } from "../support/service.ts";
import type { SeededRandom } from "./seeded-random.ts";

export interface Victims {
  apis: readonly Service[];
  workers: readonly Service[];
  redis: RedisServer;
}

type Fault = (victims: Victims, random: SeededRandom) => Promise<void>;

/** What goes wrong, and is mended again before the next thing does. Each leaves everything running. */
const FAULTS: Record<string, Fault> = {
  "worker killed": async ({ workers }, random) => {
    const worker = random.pick(workers);
    await worker.kill();
    await sleep(random.between(0, 3000));
    await worker.start();
  },
  "worker restarted": async ({ workers }, random) => await random.pick(workers).restart(),
  "worker frozen past its lock": async ({ workers }, random) => {
    const worker = random.pick(workers);
    worker.freeze();
    await sleep(random.between(9000, 13_000));
    worker.thaw();
  },
  "two workers killed at once": async ({ workers }, random) => {
    const spared = random.pick(workers);
    const killed = workers.filter((worker) => worker !== spared);
    await Promise.all(killed.map(async (worker) => await worker.kill()));
    await sleep(random.between(0, 2000));
    await Promise.all(killed.map(async (worker) => await worker.start()));
  },
  "API killed": async ({ apis }, random) => {
    const api = random.pick(apis);
    await api.kill();
    await sleep(random.between(0, 2000));
    await api.start();
  },
  "API restarted": async ({ apis }, random) => await random.pick(apis).restart(),
  "API frozen": async ({ apis }, random) => {
    const api = random.pick(apis);
    api.freeze();
    await sleep(random.between(1000, 4000));
    api.thaw();
  },
  "Redis killed": async ({ redis }, random) => {
    await redis.stop();
    await sleep(random.between(0, 4000));
    await redis.start();
  },
  "Redis frozen": async ({ redis }, random) => {
    await redis.freeze();
    await sleep(random.between(500, 4000));
    await redis.thaw();
  },
};

/** One fault after the other, as the seed has it, until told to stop. @returns how often each happened */
export async function keepBreaking(
  victims: Victims,
  random: SeededRandom,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Map<string, number>> {
  const happened = new Map<string, number>();
  const startedAt = Date.now();
  let round: string[] = [];
  while (!signal.aborted) {
    await sleep(random.between(500, 3000));
    // Each of them once before any of them again.
    if (round.length === 0) round = random.shuffle(Object.keys(FAULTS));
    const name = round.pop() ?? "";
    say(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${name}`);
    await FAULTS[name]?.(victims, random);
    happened.set(name, (happened.get(name) ?? 0) + 1);
  }
  return happened;
}
