type Labels = Record<string, string>;

interface Description {
  help: string;
  labelNames?: string[];
}

/**
 * What this package needs of a metrics library to say what it counts: the makers of the runtime package fit.
 * Every combination of labels is a time series that a Prometheus keeps.
 */
export interface MetricMakers {
  counter(description: Description & { name: `orchestrator_${string}_total` }): {
    inc(labels: Labels, by?: number): void;
  };
  gauge(description: Description & { name: `orchestrator_${string}` }): {
    set(labels: Labels, value: number): void;
    /** Forgets all its series. */
    reset(): void;
  };
  histogram(
    description: Description & { name: `orchestrator_${string}_seconds`; buckets: number[] },
  ): {
    observe(labels: Labels, seconds: number): void;
  };
  /** Called, and waited for, before each scrape is answered. */
  onScrape(refresh: () => Promise<void>): void;
}

/** For everything that takes as long as a droplet does: from a local answer to the longest that is usual. */
export const SECONDS_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
