import type { EndedStatus, TaskStatus } from "@orchestrator/contract";
import type { BucketCounts } from "@orchestrator/core";
import type { Redis } from "ioredis";
import type { Keys } from "../redis/keys.ts";
import { AnsweredAttempts } from "./answered-attempts.ts";
import { countsOfBuckets } from "./bucket-counts.ts";
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
    const answer = await readCounters(this.#redis, [all], dropletNames);
    const [, , counters, perDroplet] = answer;
    const names = new Set([...livingOf(answer).keys(), ...dropletsCounted(perDroplet)]);
    const took = [`${all}took`, ...Array.from(names, (name) => `${all}took:${name}`)];
    return assemble(answer, pairs(counters), names, await this.#redis.mgetBuffer(took));
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

function assemble(
  answer: CountersAnswer,
  counters: Map<string, number>,
  names: ReadonlySet<string>,
  took: readonly (Buffer | null)[],
): MetricsReading {
  const [queued, running, , perDroplet] = answer;
  const living = livingOf(answer);
  const counted = pairs(perDroplet);
  const numbersOf = (name: string, position: number): TaskNumbers => {
    const of = (field: string): number => counted.get(`${name}:${field}`) ?? 0;
    return {
      byStatus: byStatus(living.get(name) ?? { queued: 0, running: 0 }, of),
      retries: of("retries"),
      durationMsSum: of("duration_ms"),
      durations: countsOfBuckets(took[position + 1]),
    };
  };
  const of = (field: string): number => counters.get(field) ?? 0;
  return {
    tasks: {
      byStatus: byStatus({ queued, running }, (status) => of(`tasks:${status}`)),
      retries: of("retries"),
      durationMsSum: of("duration_ms"),
      durations: countsOfBuckets(took[0]),
    },
    retriedThenSuccess: of("retried:success"),
    retriedThenFailure: of("retried:failure"),
    syncs: { success: of("syncs:success"), error: of("syncs:error") },
    droplets: new Map(Array.from(names, (name, position) => [name, numbersOf(name, position)])),
  };
}

interface Living {
  queued: number;
  running: number;
}

function byStatus(living: Living, ended: (status: EndedStatus) => number) {
  return {
    ...living,
    success: ended("success"),
    error: ended("error"),
    timeout: ended("timeout"),
    cancelled: ended("cancelled"),
  };
}

function livingOf([, , , , ...rows]: CountersAnswer): Map<string, Living> {
  return new Map(rows.map(([name, queued, running]) => [name, { queued, running }]));
}

/** Names may hold colons, the fields we add do not. */
function dropletsCounted(perDroplet: readonly string[]): string[] {
  const fields = perDroplet.filter((_, position) => position % 2 === 0);
  return fields.map((field) => field.slice(0, field.lastIndexOf(":")));
}

/** A Redis hash as a script returns it: name, number, name, number, … */
function pairs(flat: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (let at = 0; at < flat.length; at += 2) found.set(flat[at] ?? "", Number(flat[at + 1]));
  return found;
}
