import { percentile, type BucketCounts } from "@orchestrator/core";
import type { MetricsReading, TaskNumbers } from "@orchestrator/queue";

/** How far the recent numbers reach back, in samples: five minutes. */
export const SAMPLE_EVERY_MS = 15_000;
const SAMPLES_MAX = 20;

/** Enough of a reading to say later what changed since. */
interface Sample {
  at: number;
  all: TaskNumbers;
  droplets: MetricsReading["droplets"];
}

/** What happened over the last five minutes: the difference between the numbers of then and of now. */
export class RecentNumbers {
  readonly #samples: Sample[] = [];
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** To be called every SAMPLE_EVERY_MS. */
  add({ tasks, droplets }: Pick<MetricsReading, "tasks" | "droplets">): void {
    this.#samples.push({ at: this.#now(), all: tasks, droplets });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  /** With a point for each sample: how much ended since the one before. */
  ofAll(current: TaskNumbers) {
    const now = { at: this.#now(), all: current };
    const steps = [...this.#samples, now];
    const points = steps.slice(1).map(({ at, all }, i) => {
      const before = steps[i] ?? now;
      return {
        at: at / 1000,
        seconds: toHundredth((at - before.at) / 1000),
        ended: endedOf(all) - endedOf(before.all),
        failed: failedOf(all) - failedOf(before.all),
      };
    });
    return { ...this.#describe(this.#samples[0]?.all ?? current, current), points };
  }

  /** A droplet that the oldest sample does not know had no tasks then. */
  ofDroplet(name: string, current: TaskNumbers) {
    const [oldest] = this.#samples;
    return this.#describe(oldest === undefined ? current : oldest.droplets.get(name), current);
  }

  #describe(before: TaskNumbers | undefined, current: TaskNumbers) {
    const seconds = (this.#now() - (this.#samples[0]?.at ?? this.#now())) / 1000;
    const ended = endedOf(current) - endedOf(before);
    const failed = failedOf(current) - failedOf(before);
    const judged = current.byStatus.success - (before?.byStatus.success ?? 0) + failed;
    const durations = difference(before?.durations, current.durations);
    return {
      seconds: toHundredth(seconds),
      ended,
      failed,
      per_second: seconds === 0 ? 0 : toHundredth(ended / seconds),
      error_rate_percent: judged === 0 ? 0 : toHundredth((100 * failed) / judged),
      p50_response_time_ms: hundredthOrNull(percentile(durations, 50)),
      p95_response_time_ms: hundredthOrNull(percentile(durations, 95)),
    };
  }
}

function endedOf(numbers: TaskNumbers | undefined): number {
  return failedOf(numbers) + (numbers?.byStatus.success ?? 0) + (numbers?.byStatus.cancelled ?? 0);
}

function failedOf(numbers: TaskNumbers | undefined): number {
  return (numbers?.byStatus.error ?? 0) + (numbers?.byStatus.timeout ?? 0);
}

function difference(before: BucketCounts | undefined, current: BucketCounts): BucketCounts {
  return new Map(
    Array.from(current, ([bucket, count]) => [bucket, count - (before?.get(bucket) ?? 0)]),
  );
}

function hundredthOrNull(value: number | null): number | null {
  return value === null ? null : toHundredth(value);
}

function toHundredth(value: number): number {
  return Math.round(value * 100) / 100;
}
