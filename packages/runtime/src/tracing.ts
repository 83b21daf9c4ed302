import type { Logger } from "./logger.ts";

export type SpanAttributes = Record<string, string | number | boolean>;

export interface SpanStart {
  readonly name: string;
  readonly kind: "server" | "client" | "internal";
  /** The `traceparent` of the span it hangs below; null begins a trace. */
  readonly parent: string | null;
  /** The id of a trace that begins here (32 hexadecimal digits), so that it is the one in logs and records. */
  readonly traceId?: string;
  /** Epoch ms; now unless given. */
  readonly startedAt?: number;
  readonly attributes: SpanAttributes;
}

export interface SpanEnd {
  /** When only the end knows what it was. */
  readonly name?: string;
  readonly attributes?: SpanAttributes;
  /** Marks the span as failed. */
  readonly error?: string | null;
  /** Epoch ms; now unless given. */
  readonly endedAt?: number;
}

export interface Span {
  /** To be handed on: what is done on behalf of this span hangs below it. */
  readonly traceparent: string;
  end(end?: SpanEnd): void;
}

/** Closing it sends what has not been sent yet, for a few seconds at most. */
export interface Tracing extends AsyncDisposable {
  start(span: SpanStart): Span;
}

export interface TracingSettings {
  /** OTEL_EXPORTER_OTLP_ENDPOINT: the collector's address, without `/v1/traces`. */
  readonly endpoint: string | undefined;
  readonly service: string;
  readonly version: string;
  readonly log: Pick<Logger, "warn">;
}

/** Spans to an OpenTelemetry collector over OTLP/HTTP; null without an endpoint, and then nothing of it is loaded. */
export async function openTracing(settings: TracingSettings): Promise<Tracing | null> {
  const { endpoint } = settings;
  if (endpoint === undefined) return null;
  const { startOtlpTracing } = await import("./otlp-tracing.ts");
  return startOtlpTracing({ ...settings, endpoint });
}
