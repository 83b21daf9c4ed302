import { parseRetryAfter, type Fault, type Outcome } from "@orchestrator/core";
import { errors } from "undici";
import type { Exchange } from "./exchange.ts";
import { TargetForbiddenError } from "./guarded-connector.ts";
import { StopReason } from "./stop-reason.ts";

/** Judges what happened on the socket. A worker that stops is no outcome: its caller looks at that first. */
export function outcomeOfExchange(exchange: Exchange, limitMs: number, nowMs: number): Outcome {
  switch (exchange.kind) {
    case "answered":
      return {
        certainty: "responded",
        fault: null,
        message: null,
        status: exchange.status,
        retryAfterMs: parseRetryAfter(exchange.headers["retry-after"], nowMs),
      };
    case "too_large":
      return responded("response_too_large", exchange.status, "The response body is too large");
    case "failed":
      return failure(exchange, limitMs);
  }
}

function failure(
  { error, wasSent, status }: Extract<Exchange, { kind: "failed" }>,
  limitMs: number,
): Outcome {
  if (error instanceof TargetForbiddenError) {
    return { ...lost("target_forbidden", error.message, null), certainty: "not_sent" };
  }
  if (isProtocolError(error, status)) {
    return responded("bad_response", status, `Not HTTP: ${messageOf(error)}`);
  }
  const certainty = wasSent ? "sent_no_response" : "not_sent";
  if (error instanceof StopReason) {
    const fault = error.because === "worker_stopping" ? "unreachable" : error.because;
    return { ...lost(fault, stopMessage(error, limitMs, wasSent), status), certainty };
  }
  return { ...lost("unreachable", messageOf(error), status), certainty };
}

function stopMessage(reason: StopReason, limitMs: number, wasSent: boolean): string {
  if (reason.because === "cancelled") return "Cancelled on request";
  return wasSent ? `No response within ${limitMs} ms` : `No connection within ${limitMs} ms`;
}

function responded(fault: Fault, status: number | null, message: string): Outcome {
  return { ...lost(fault, message, status), certainty: "responded" };
}

function lost(fault: Fault, message: string, status: number | null): Omit<Outcome, "certainty"> {
  return { fault, message, status, retryAfterMs: null };
}

/** Headers that never end are HTTP gone wrong as well; an answer broken off is a droplet that went away. */
function isProtocolError(error: unknown, status: number | null): boolean {
  if (error instanceof errors.HTTPParserError) return !error.message.includes("Invalid EOF state");
  // Before the headers are complete this says that they contradict themselves, after it that the body broke off.
  if (error instanceof errors.ResponseContentLengthMismatchError) return status === null;
  return error instanceof errors.HeadersOverflowError;
}

/** One line that names the cause: undici wraps several address errors into one without a message. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  if (error instanceof Error) return error.message || error.name;
  return String(error);
}
