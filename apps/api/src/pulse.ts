import type { Store, WorkerReport } from "@orchestrator/queue";
import { periodically, type Logger } from "@orchestrator/runtime";

const BEAT_MS = 1000;

/** What this process knows of the others, never older than a few seconds; read without asking anyone. */
export interface Pulse extends AsyncDisposable {
  readonly isRedisHealthy: boolean;
  readonly workers: readonly WorkerReport[];
}

/** Feels Redis and the workers every second, so that health is answered from memory even while Redis hangs. */
export function startPulse(store: Store, log: Logger): Pulse {
  let isRedisHealthy = false;
  let workers: readonly WorkerReport[] = [];

  async function beat(): Promise<void> {
    try {
      workers = await store.presence.alive();
      isRedisHealthy = true;
    } catch (error) {
      if (isRedisHealthy) log.warn({ event: "redis.lost", err: error });
      isRedisHealthy = false;
    }
  }

  const beating = periodically(BEAT_MS, beat, { log, name: "pulse", immediately: true });
  return {
    get isRedisHealthy() {
      return isRedisHealthy;
    },
    get workers() {
      return workers;
    },
    [Symbol.asyncDispose]: async () => await beating.stop(),
  };
}
