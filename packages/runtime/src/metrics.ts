import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { CounterConfiguration, GaugeConfiguration, HistogramConfiguration } from "prom-client";

type Named<Configuration, Name extends string> = Omit<Configuration, "name" | "registers"> & {
  readonly name: Name;
};

export interface MetricsText {
  readonly contentType: string;
  readonly body: string;
}

export type Metrics = ReturnType<typeof createMetrics>;

export interface MetricsSettings {
  /** The default label of everything. */
  readonly service: string;
  readonly version: string;
}

/** Gauges that prom-client names like counters; the ones without `_total` say the same, by kind. */
const MISNAMED = [
  "nodejs_active_resources_total",
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
];

/**
 * A registry of its own (never prom-client's global one, so that two can live in one test process) with the process's
 * default metrics, event loop lag among them, and makers that hold names to `orchestrator_<noun>_<unit>_total|seconds`.
 * Label by droplet and outcome class, never by path or id: every combination is a time series that is kept for good.
 */
export function createMetrics({ service, version }: MetricsSettings) {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const registers = [registry];
  const refreshers: (() => Promise<void>)[] = [];
  new Gauge({
    name: "orchestrator_build_info",
    help: "Always 1; the version is in the label.",
    labelNames: ["version"],
    registers,
  }).set({ version }, 1);

  return {
    registry,

    counter<Label extends string>(
      configuration: Named<CounterConfiguration<Label>, `orchestrator_${string}_total`>,
    ): Counter<Label> {
      return new Counter({ ...configuration, registers });
    },

    gauge<Label extends string>(
      configuration: Named<GaugeConfiguration<Label>, `orchestrator_${string}`>,
    ): Gauge<Label> {
      return new Gauge({ ...configuration, registers });
    },

    histogram<Label extends string>(
      configuration: Named<
        HistogramConfiguration<Label>,
        `orchestrator_${string}_seconds` | `orchestrator_${string}_bytes`
      >,
    ): Histogram<Label> {
      return new Histogram({ ...configuration, registers });
    },

    /** `refresh` is waited for before each scrape is answered: it has to be quick, and to bear its own failures. */
    onScrape(refresh: () => Promise<void>): void {
      refreshers.push(refresh);
    },

    /**
     * The Prometheus text format 0.0.4, whatever was asked for: every scraper reads it, and prom-client 15 renames the
     * counters for good (dropping `_total`) the first time it is asked for OpenMetrics.
     */
    async text(): Promise<MetricsText> {
      await Promise.all(refreshers.map(async (refresh) => await refresh()));
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}
