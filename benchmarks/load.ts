import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";

export interface LoadResult {
  /** Answers within the time. */
  answered: number;
  seconds: number;
  /** Of all answers, in ms, in order. */
  latenciesMs: number[];
}

export interface LoadOptions {
  origin: string;
  /** Callers at once. */
  callers: number;
  seconds: number;
  /** Of the n-th task. */
  body: (n: number) => string;
  path: string;
  expectStatus: number;
}

/** So many callers, each sending its next task when the last was answered. @throws on any other answer */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const { origin, callers, seconds, body, path, expectStatus } = options;
  const pool = new Pool(origin, { connections: callers, pipelining: 1 });
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  let n = 0;
  async function call(): Promise<void> {
    while (performance.now() < endsAt) {
      const sentAt = performance.now();
      const answer = await pool.request({
        path,
        method: "POST",
        headers: { "content-type": "application/json" },
        body: body(n++),
      });
      const text = await answer.body.text();
      if (answer.statusCode === 503) {
        // Load that is shed is asked again later, as Retry-After says; it is not an answer.
        await sleep(100);
        continue;
      }
      if (answer.statusCode !== expectStatus) {
        throw new Error(`${path} answered ${answer.statusCode}: ${text.slice(0, 300)}`);
      }
      latenciesMs.push(performance.now() - sentAt);
    }
  }
  await Promise.all(Array.from({ length: callers }, call));
  const took = (performance.now() - startedAt) / 1000;
  await pool.close();
  return {
    answered: latenciesMs.length,
    seconds: took,
    latenciesMs: latenciesMs.toSorted((a, b) => a - b),
  };
}

export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}
