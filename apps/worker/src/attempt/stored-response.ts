import type { IncomingHttpHeaders } from "node:http";
import { RECORD_BODY_BYTES_MAX } from "@orchestrator/core";
import type { AttemptResponse } from "@orchestrator/queue";
import type { Exchange } from "./exchange.ts";
import { readResponseBody } from "./read-response-body.ts";

/** The response headers a record keeps. */
const KEPT_HEADERS = ["content-type", "content-length", "location", "retry-after", "etag"];

/** A droplet's answer as the record keeps it; null when there was none. */
export function storedResponse(exchange: Exchange | null): AttemptResponse | null {
  if (exchange === null || exchange.kind === "failed") return null;
  const { status } = exchange;
  const headers = keptHeaders(exchange.headers);
  if (exchange.kind === "too_large") {
    return { stored: { status, headers, bodyBytes: 0, body: null }, wholeBody: null };
  }
  const bodyBytes = exchange.body.byteLength;
  const body = readResponseBody(exchange.body, exchange.headers);
  if (bodyBytes <= RECORD_BODY_BYTES_MAX) {
    return { stored: { status, headers, bodyBytes, body }, wholeBody: null };
  }
  return { stored: { status, headers, bodyBytes }, wholeBody: JSON.stringify(body) };
}

function keptHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = headers[name];
    if (value !== undefined) kept[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return kept;
}
