import { dropletKey } from "@orchestrator/core";
import {
  isRedisTrouble,
  type LastAttempt,
  type MetricsReading,
  type Store,
} from "@orchestrator/queue";
import { describeMetrics } from "./metrics-document.ts";
import { RecentNumbers } from "./recent-numbers.ts";
import { SharedReading } from "./shared-reading.ts";

/** Redis is given this long before the last numbers are shown instead. */
const STALE_AFTER_MS = 1000;

interface Numbers {
  reading: MetricsReading;
  answered: Map<string, LastAttempt>;
  readAt: number;
}

export type MetricsDocument = ReturnType<typeof describeMetrics>;

export interface MetricsReader {
  read: () => Promise<MetricsDocument>;
  /** To be called every SAMPLE_EVERY_MS: what is recent is told from the samples. */
  sample: () => Promise<void>;
}

/**
 * Reads the numbers of all processes for `GET /orchestrator/metrics`. While Redis is away, or hangs, the last ones are
 * shown again, marked as stale; @throws what Redis says when there are none yet.
 */
export function metricsReader(
  { metrics, directory }: Pick<Store, "metrics" | "directory">,
  version: string,
): MetricsReader {
  const recent = new RecentNumbers();
  let last: Numbers | null = null;
  const shared = new SharedReading(async () => {
    const names = directory.droplets.map(({ name }) => dropletKey(name));
    const readAt = Date.now();
    const [reading, answered] = await Promise.all([metrics.read(names), metrics.answered.read()]);
    last = { reading, answered, readAt };
    return last;
  });

  const document = (numbers: Numbers, isStale: boolean): MetricsDocument =>
    describeMetrics(numbers, {
      directory,
      version,
      readAt: numbers.readAt,
      nowMs: Date.now(),
      isStale,
      recent,
    });

  return {
    read: async () => {
      const known = last;
      if (known === null) return document(await shared.get(), false);
      const numbers = await within(STALE_AFTER_MS, shared.get().catch(nullIfRedisIsAway));
      return numbers === null ? document(known, true) : document(numbers, false);
    },
    sample: async () => {
      const numbers = await shared.get().catch(nullIfRedisIsAway);
      if (numbers !== null) recent.add(numbers.reading);
    },
  };
}

function nullIfRedisIsAway(error: unknown): null {
  if (isRedisTrouble(error)) return null;
  throw error;
}

/** Null when it takes longer. */
async function within<Value>(ms: number, reading: Promise<Value>): Promise<Value | null> {
  const { promise: tooLate, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(resolve, ms, null);
  try {
    return await Promise.race([reading, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
