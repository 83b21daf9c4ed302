import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  diag,
  DiagLogLevel,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type DiagLogger,
  type Span as OtelSpan,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  RandomIdGenerator,
  TracerProvider,
  type IdGenerator,
} from "@opentelemetry/sdk-trace";
import type { Span, SpanStart, Tracing, TracingSettings } from "./tracing.ts";

/** One export, its retries included; what cannot be sent in that time is dropped. */
const EXPORT_MS_MAX = 5000;

/** How long closing waits for the last spans to be sent. */
const CLOSING_MS_MAX = 2000;

/** Spans are sent in batches, at the latest this long after they ended. */
const BATCH_DELAY_MS = 1000;

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
} as const satisfies Record<SpanStart["kind"], SpanKind>;

/**
 * Tracing by OpenTelemetry's own SDK. A caller who did not sample a trace is followed (parent-based); a trace that
 * begins here is always sampled. Spans wait in memory, at most 2,048; with no collector the newest are dropped, never
 * the work they describe. The exporter also reads OTEL_EXPORTER_OTLP_HEADERS and its kin.
 */
export function startOtlpTracing(settings: TracingSettings & { endpoint: string }): Tracing {
  const { endpoint, service, version, log } = settings;
  diag.setLogger(diagLogger(log), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const ids = new ChosenTraceIds();
  const provider = new TracerProvider({
    idGenerator: ids,
    resource: defaultResource().merge(
      resourceFromAttributes({
        "service.name": service,
        "service.version": version,
        "service.instance.id": randomUUID(),
      }),
    ),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({
          url: `${endpoint.replace(/\/$/, "")}/v1/traces`,
          timeoutMillis: EXPORT_MS_MAX,
        }),
        exportTimeoutMillis: EXPORT_MS_MAX,
        scheduledDelayMillis: BATCH_DELAY_MS,
      }),
    ],
  });
  const tracer = provider.getTracer("orchestrator", version);

  return {
    start({ name, kind, parent, traceId, startedAt, attributes }) {
      const context = contextOf(parent);
      const options = {
        kind: KINDS[kind],
        attributes,
        ...(startedAt !== undefined && { startTime: startedAt }),
      };
      return asSpan(ids.with(traceId, () => tracer.startSpan(name, options, context)));
    },
    async [Symbol.asyncDispose]() {
      const sent = provider.shutdown().catch((error: unknown) => {
        log.warn({ event: "tracing.failed", err: error });
      });
      await Promise.race([sent, delay(CLOSING_MS_MAX, undefined, { ref: false })]);
    },
  };
}

function asSpan(span: OtelSpan): Span {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`,
    end({ name, attributes, error, endedAt } = {}) {
      if (name !== undefined) span.updateName(name);
      if (attributes !== undefined) span.setAttributes(attributes);
      if (error) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
      span.end(endedAt);
    },
  };
}

/** A parent that cannot be read is none: the span begins a trace. */
function contextOf(traceparent: string | null): Context {
  const [, traceId = "", spanId = "", flags = ""] = traceparent?.split("-") ?? [];
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  const parent = { traceId, spanId, traceFlags, isRemote: true };
  return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
}

/** Random ids, but for a trace whose id its first span was told. */
class ChosenTraceIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #chosen: string | undefined;

  generateSpanId(): string {
    return this.#random.generateSpanId();
  }

  generateTraceId(): string {
    return this.#chosen ?? this.#random.generateTraceId();
  }

  /** Ids are asked for while a span is being started, which is one synchronous step. */
  with<Value>(traceId: string | undefined, start: () => Value): Value {
    this.#chosen = traceId;
    try {
      return start();
    } finally {
      this.#chosen = undefined;
    }
  }
}

/** What the SDK says of itself below a warning is not for our log. */
const ignore = (): void => {};

function diagLogger(log: Pick<TracingSettings["log"], "warn">): DiagLogger {
  const warn = (message: string): void => log.warn({ event: "tracing.failed", reason: message });
  return { error: warn, warn, info: ignore, debug: ignore, verbose: ignore };
}
