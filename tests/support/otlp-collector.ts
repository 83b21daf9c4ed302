import { ScriptedServer } from "./scripted-server.ts";
import type { Step } from "./step.ts";
import { waitFor } from "./wait-for.ts";

/** One span as OTLP's JSON encoding has it, flattened. */
export interface CollectedSpan {
  service: string;
  name: string;
  /** 1 internal, 2 server, 3 client. */
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  startMs: number;
  endMs: number;
  attributes: Record<string, unknown>;
  isError: boolean;
}

interface Value {
  stringValue?: string;
  intValue?: number | string;
  boolValue?: boolean;
}

type Attributes = { key: string; value: Value }[];

interface ExportRequest {
  resourceSpans: {
    resource: { attributes: Attributes };
    scopeSpans: {
      spans: {
        name: string;
        kind: number;
        traceId: string;
        spanId: string;
        parentSpanId?: string;
        startTimeUnixNano: string;
        endTimeUnixNano: string;
        attributes: Attributes;
        status?: { code?: number };
      }[];
    }[];
  }[];
}

const STATUS_ERROR = 2;

/** An OpenTelemetry collector that keeps what it is sent: `POST /v1/traces` in JSON. */
export class OtlpCollector extends ScriptedServer {
  constructor(step: Step) {
    super(() => step);
  }

  get spans(): CollectedSpan[] {
    return this.requests
      .filter(({ path, method }) => path === "/v1/traces" && method === "POST")
      .flatMap(({ json }) => readSpans(json as ExportRequest));
  }

  /** Resolves with the spans of one trace once there are so many. */
  async untilSpans(traceId: string, count: number): Promise<CollectedSpan[]> {
    return await waitFor(`${count} spans of trace ${traceId}`, () => {
      const found = this.spans.filter((span) => span.traceId === traceId);
      if (found.length < count) throw new Error(`there are ${found.length}`);
      return found;
    });
  }
}

/** @param step how it answers; as a collector does unless given */
export async function startCollector(step: Step = { json: {} }): Promise<OtlpCollector> {
  return await new OtlpCollector(step).start();
}

function readSpans({ resourceSpans }: ExportRequest): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ startTimeUnixNano, endTimeUnixNano, attributes, status, ...span }) => ({
        service: String(readAttributes(resource.attributes)["service.name"]),
        name: span.name,
        kind: span.kind,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || undefined,
        startMs: Number(startTimeUnixNano) / 1e6,
        endMs: Number(endTimeUnixNano) / 1e6,
        attributes: readAttributes(attributes),
        isError: status?.code === STATUS_ERROR,
      })),
    ),
  );
}

function readAttributes(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? Number(value.intValue),
    ]),
  );
}
