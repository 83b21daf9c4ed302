import { setTimeout as sleep } from "node:timers/promises";
import { openSide, openSurroundings } from "./measure.ts";

const DROPLETS = 200;

/** Until the first syncs are over and compiled code has settled. */
const SETTLE_MS = 10_000;

export interface IdleCost {
  /** Of one core, in percent. */
  cpu: number;
  memoryMb: number;
  /** How much it grew meanwhile. */
  grewMb: number;
}

/** The list is fetched as often as by default: elsewhere a scenario waits for a new one. */
const USUAL_SYNC = { REGISTRY_SYNC_INTERVAL: "60" };

/** What each process costs while nobody asks for anything. */
export async function measureIdle(
  seconds: number,
  say: (line: string) => void,
): Promise<Record<string, IdleCost>> {
  await using opened = new AsyncDisposableStack();
  const shared = opened.use(await openSurroundings(1));
  const { system } = opened.use(await openSide(DROPLETS, shared, USUAL_SYNC));
  await sleep(SETTLE_MS);
  const children = [...system.processes, shared.redis];
  const before = children.map((child) => ({ cpuMs: child.cpuMs(), memoryMb: child.memoryMb() }));
  await sleep(seconds * 1000);
  const costs: Record<string, IdleCost> = {};
  for (const [at, child] of children.entries()) {
    const memoryMb = child.memoryMb();
    const cpu = (child.cpuMs() - (before[at]?.cpuMs ?? 0)) / (seconds * 10);
    costs[child.name] = { cpu, memoryMb, grewMb: memoryMb - (before[at]?.memoryMb ?? 0) };
    say(`idle ${child.name}, ${DROPLETS} droplets: ${cpu.toFixed(1)} % of a core, ${memoryMb} MB`);
  }
  return costs;
}
