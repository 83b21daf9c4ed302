import type { EndedStatus, TaskStatus } from "@orchestrator/contract";
import type { BucketCounts } from "@orchestrator/core";
import type { Redis } from "../redis/redis.ts";
import type { Keys } from "../redis/keys.ts";
import { ownJson } from "../redis/own-writing.ts";
import { AnsweredAttempts } from "./answered-attempts.ts";
import { ALL_TASKS, countsOfSlot, DURATION_COUNTS } from "./duration-counts.ts";
import { readCounters, type CountersAnswer } from "./metrics-scripts.ts";

/** Tasks by where they are, and what is known of those that ended. */
export interface TaskNumbers {
  byStatus: Record<TaskStatus, number>;
  /** Retries made, those of running tasks included. */
  retries: number;
  /** Sum over the ended tasks for which an attempt was made. */
  durationMsSum: number;
  /** The same tasks by duration. */
  durations: BucketCounts;
}

export interface MetricsReading {
  tasks: TaskNumbers;
  retriedThenSuccess: number;
  retriedThenFailure: number;
  syncs: { success: number; error: number };
  /** By lower-cased name: the droplets asked for, those with unfinished tasks, those that ended any. */
  droplets: Map<string, TaskNumbers>;
}

/** The numbers of all processes since ever, as `history-scripts.ts` and the Registry sync count them. */
export class MetricsStore {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly answered: AnsweredAttempts;
  readonly #syncListeners = new Set<(isGood: boolean) => void>();

  constructor(redis: Redis, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
    this.answered = new AnsweredAttempts(redis, keys);
  }

  /**
   * All numbers of one moment; only the durations are read right after it.
   * @param dropletNames those to be in the answer in any case, lower-cased
   */
  async read(dropletNames: readonly string[]): Promise<MetricsReading> {
    const { all } = this.#keys;
    const answer = ownJson<CountersAnswer>(await readCounters(this.#redis, [all], dropletNames));
    const counted = numbersByField(answer.perDroplet);
    const living = livingByName(answer.living);
    const names = new Set([...living.keys(), ...Array.from(counted.keys(), dropletOfField)]);
    const slots = numbersByField(answer.slots);
    const took = await this.#redis.getBuffer(`${all}${DURATION_COUNTS}`);
    const total = numbersByField(answer.counters);
    return {
      ...describeTotals(total),
      tasks: {
        byStatus: byStatus(answer, (status) => total.get(`tasks:${status}`) ?? 0),
        retries: total.get("retries") ?? 0,
        durationMsSum: total.get("duration_ms") ?? 0,
        durations: countsOfSlot(took, ALL_TASKS),
      },
      droplets: new Map(
        Array.from(names, (name) => {
          const of = (field: string): number => counted.get(`${name}:${field}`) ?? 0;
          const durations = countsOfSlot(took, slots.get(name));
          return [name, { ...numbersOfDroplet(of, living.get(name)), durations }];
        }),
      ),
    };
  }

  /** Called once per sync, by the one worker that made it. */
  async countSync(isGood: boolean): Promise<void> {
    const field = isGood ? "syncs:success" : "syncs:error";
    await this.#redis.hincrby(`${this.#keys.all}counters`, field, 1);
    for (const listener of this.#syncListeners) listener(isGood);
  }

  /** The listener is told of syncs that this process made. */
  onSync(listener: (isGood: boolean) => void): void {
    this.#syncListeners.add(listener);
  }
}

type Living = Pick<CountersAnswer, "queued" | "running">;

function describeTotals(total: Map<string, number>) {
  const of = (field: string): number => total.get(field) ?? 0;
  return {
    retriedThenSuccess: of("retried:success"),
    retriedThenFailure: of("retried:failure"),
    syncs: { success: of("syncs:success"), error: of("syncs:error") },
  };
}

function numbersOfDroplet(
  of: (field: string) => number,
  living: Living = { queued: 0, running: 0 },
): Omit<TaskNumbers, "durations"> {
  return {
    byStatus: byStatus(living, of),
    retries: of("retries"),
    durationMsSum: of("duration_ms"),
  };
}

function byStatus({ queued, running }: Living, ended: (status: EndedStatus) => number) {
  return {
    queued,
    running,
    success: ended("success"),
    error: ended("error"),
    timeout: ended("timeout"),
    cancelled: ended("cancelled"),
  };
}

/** Names may hold colons, the fields we add do not. */
export function dropletOfField(field: string): string {
  return field.slice(0, field.lastIndexOf(":"));
}

function numbersByField(flat: CountersAnswer["counters" | "slots"]): Map<string, number> {
  const found = new Map<string, number>();
  if (!Array.isArray(flat)) return found;
  for (let at = 0; at < flat.length; at += 2) found.set(String(flat[at]), Number(flat[at + 1]));
  return found;
}

function livingByName(flat: CountersAnswer["living"]): Map<string, Living> {
  const found = new Map<string, Living>();
  if (!Array.isArray(flat)) return found;
  for (let at = 0; at < flat.length; at += 3) {
    const [name, queued, running] = flat.slice(at, at + 3);
    found.set(String(name), { queued: Number(queued), running: Number(running) });
  }
  return found;
}
