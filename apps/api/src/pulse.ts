import type { TaskStatus } from "@orchestrator/contract";
import { isRedisRefusal, type Store, type WorkerReport } from "@orchestrator/queue";
import { periodically, type Logger } from "@orchestrator/runtime";

/** A worker that dies is missed within 5 s: 4 s until its last report is too old, and this. */
const BEAT_MS = 500;

/** Totals are for people to look at. */
const TOTALS_MS = 2000;

/** The trial write goes by itself. */
const TRIAL_LIFE_MS = 10_000;

/** `degraded`: it answers, but takes no writes, being full or read-only. */
export type RedisState = "healthy" | "degraded" | "unhealthy";

export type TaskTotals = Record<"total" | TaskStatus, number>;

/** What this process knows of the others, never older than a few seconds; read without asking anyone. */
export interface Pulse extends AsyncDisposable {
  readonly redis: RedisState;
  readonly workers: readonly WorkerReport[];
  /** How many tasks are in each state: living ones now, ended ones since ever. Zeros until Redis was first asked. */
  readonly tasks: TaskTotals;
}

/** Feels Redis and the workers twice a second, so that health is answered from memory even while Redis hangs. */
export function startPulse(store: Store, log: Logger): Pulse {
  let redis: RedisState = "unhealthy";
  let workers: readonly WorkerReport[] = [];
  const noteWorkers = workersNoted(log);
  let tasks = withTotal({ queued: 0, running: 0, success: 0, error: 0, timeout: 0, cancelled: 0 });

  async function beat(): Promise<void> {
    try {
      const alive = await store.presence.alive();
      noteWorkers(alive.length);
      workers = alive;
      await store.redis.set(store.keys.pulse, Date.now(), "PX", TRIAL_LIFE_MS);
      redis = "healthy";
    } catch (error) {
      noteTrouble(error);
    }
  }

  function noteTrouble(error: unknown): void {
    const state = isRedisRefusal(error) ? "degraded" : "unhealthy";
    const event = state === "degraded" ? "redis.refusesWrites" : "redis.lost";
    if (redis !== state && redis !== "unhealthy") log.warn({ event, err: error });
    redis = state;
  }

  async function count(): Promise<void> {
    // While Redis is away the last totals stand; the beat says what is wrong.
    if (redis !== "unhealthy") tasks = withTotal(await store.ledger.history.totals());
  }

  const beating = periodically(BEAT_MS, beat, { log, name: "pulse", immediately: true });
  const counting = periodically(TOTALS_MS, count, { log, name: "task-totals" });
  return {
    get redis() {
      return redis;
    },
    get workers() {
      return workers;
    },
    get tasks() {
      return tasks;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([beating.stop(), counting.stop()]);
    },
  };
}

/** Logs when the last worker has gone and when one is there again. */
function workersNoted(log: Logger): (alive: number) => void {
  /** Null before the first look, so that an API that never saw a worker says so too. */
  let known: number | null = null;
  return (alive) => {
    if (alive === 0 && known !== 0) {
      log.warn(
        { event: "workers.gone" },
        "no worker has reported: tasks are queued and wait for one",
      );
    } else if (alive > 0 && !known) log.info({ event: "workers.reported", count: alive });
    known = alive;
  };
}

function withTotal(counts: Record<TaskStatus, number>): TaskTotals {
  return { total: Object.values(counts).reduce((sum, count) => sum + count, 0), ...counts };
}
