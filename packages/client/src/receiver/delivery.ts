import type { IncomingCall, OutgoingAnswer } from "./http-exchange.ts";

/** One call of the Orchestrator, as its headers tell. */
export interface Delivery {
  /** Their Idempotency-Key too: the same in every attempt, and in a delivery that is repeated. */
  taskId: string;
  traceId: string | null;
  /** From 1. */
  attempt: number;
  /** When the Orchestrator stops waiting, in epoch ms; null when it did not say. */
  deadlineAt: number | null;
  /** Aborted at the deadline, and when the caller hangs up: nobody will read the answer of this attempt. */
  signal: AbortSignal;
}

const deliveries = new WeakMap<object, Delivery>();

/** The delivery a request belongs to; null for one that did not come from the Orchestrator. */
export function deliveryOf(request: object): Delivery | null {
  return deliveries.get(request) ?? null;
}

/** Reads the headers and arms the signal. Null when it is not the Orchestrator that calls. */
export function noteDelivery(request: IncomingCall, response: OutgoingAnswer): Delivery | null {
  const taskId = header(request, "x-task-id");
  if (taskId === null) return null;
  const leftMs = readMs(header(request, "x-request-deadline"));
  const stop = new AbortController();
  const timer =
    leftMs === null ? null : setTimeout(() => stop.abort(new Error("past its deadline")), leftMs);
  response.on("close", () => {
    if (timer !== null) clearTimeout(timer);
    if (!response.writableFinished) stop.abort(new Error("the caller hung up"));
  });
  const delivery: Delivery = {
    taskId,
    traceId: header(request, "x-trace-id"),
    attempt: readMs(header(request, "x-attempt")) ?? 1,
    deadlineAt: leftMs === null ? null : Date.now() + leftMs,
    signal: stop.signal,
  };
  deliveries.set(request, delivery);
  return delivery;
}

function header({ headers }: IncomingCall, name: string): string | null {
  const value = headers[name];
  return typeof value === "string" && value !== "" ? value : null;
}

/** A whole number of at most nine digits: what a timer can hold. */
function readMs(value: string | null): number | null {
  return value !== null && /^\d{1,9}$/.test(value) ? Number(value) : null;
}
