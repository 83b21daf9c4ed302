import { dropletKey } from "@orchestrator/core";
import {
  isRedisTrouble,
  type LastAttempt,
  type MetricsReading,
  type Store,
} from "@orchestrator/queue";
import { describeMetrics } from "./metrics-document.ts";
import { SharedReading } from "./shared-reading.ts";

interface Numbers {
  reading: MetricsReading;
  answered: Map<string, LastAttempt>;
  readAt: number;
}

export type MetricsDocument = ReturnType<typeof describeMetrics>;

/**
 * Reads the numbers of all processes for `GET /orchestrator/metrics`. While Redis is away the last ones are shown
 * again, marked as stale; @throws what Redis says when there are none yet.
 */
export function metricsReader(
  { metrics, directory }: Pick<Store, "metrics" | "directory">,
  version: string,
): () => Promise<MetricsDocument> {
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
    });

  return async () => {
    try {
      return document(await shared.get(), false);
    } catch (error) {
      if (last === null || !isRedisTrouble(error)) throw error;
      return document(last, true);
    }
  };
}
