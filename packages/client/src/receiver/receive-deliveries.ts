import { captureAnswer, repeatAnswer } from "./capture-answer.ts";
import { noteDelivery, type Delivery } from "./delivery.ts";
import type { DeliveryStore, GivenAnswer } from "./delivery-store.ts";
import type { IncomingCall, NextHandler, OutgoingAnswer } from "./http-exchange.ts";
import { MemoryDeliveryStore } from "./memory-delivery-store.ts";

export interface ReceiveOptions {
  /** Where deliveries are remembered; in this process's memory unless given. */
  store?: DeliveryStore;
  /** A larger answer is given but not kept: the next delivery does the work again. 1 MiB unless given. */
  answerBytesMax?: number;
  /** How long the work of a delivery without a deadline may take, in ms; one hour unless given. */
  holdMs?: number;
}

export type DeliveryHandler = (
  request: IncomingCall,
  response: OutgoingAnswer,
  next: NextHandler,
) => Promise<void>;

const ANSWER_BYTES_MAX = 1024 * 1024;
const HOLD_MS = 3_600_000;

/** What the Orchestrator tries again: the next attempt has the same key and is meant to do the work. */
const TRIED_AGAIN = new Set([408, 425, 429]);
const NEVER_TRIED_AGAIN = new Set([501, 505]);

/**
 * For a droplet's routes, before its body parser or after it: does the work of a task once, however often it is delivered.
 *
 * - A delivery whose task was answered gets the same answer, with `Idempotency-Replayed: true`.
 * - One that comes while the work is going on waits for its answer; where the store cannot tell, it gets 425, which the
 *   Orchestrator tries again.
 * - An answer that the Orchestrator would try again (408, 425, 429, 5xx) is not kept: the next attempt does the work.
 * - Requests that are not the Orchestrator's pass untouched.
 *
 * `deliveryOf(request)` gives the task's id, the attempt, the deadline and a signal that is aborted at it.
 */
export function receiveDeliveries(options: ReceiveOptions = {}): DeliveryHandler {
  const { store = new MemoryDeliveryStore() } = options;
  const answerBytesMax = options.answerBytesMax ?? ANSWER_BYTES_MAX;
  const holdMs = options.holdMs ?? HOLD_MS;

  async function receive(
    delivery: Delivery,
    response: OutgoingAnswer,
    next: NextHandler,
  ): Promise<void> {
    const { taskId, signal } = delivery;
    for (;;) {
      const claim = await store.claim(taskId, holdMs);
      if (claim.kind === "answered") return repeatAnswer(response, claim.answer);
      if (claim.kind === "first") {
        captureAnswer(response, answerBytesMax, (answer) => {
          remember(store, taskId, answer).catch(() => {});
        });
        return next();
      }
      if (claim.finished === null) return askToComeBack(response);
      const answer = await untilAborted(claim.finished, signal);
      if (signal.aborted) return askToComeBack(response);
      if (answer !== null) return repeatAnswer(response, answer);
      // It was given up: ours to do, unless another delivery is quicker.
    }
  }

  return async (request, response, next) => {
    const delivery = noteDelivery(request, response);
    if (delivery === null) return next();
    try {
      await receive(delivery, response, next);
    } catch (error) {
      // Express 4 does not look at what a middleware returns.
      next(error);
    }
  };
}

/** Whatever fails here fails a later delivery, which then does the work again: at least once is all that is promised. */
async function remember(
  store: DeliveryStore,
  taskId: string,
  answer: GivenAnswer | null,
): Promise<void> {
  if (answer === null || isTriedAgain(answer.status)) await store.release(taskId);
  else await store.finish(taskId, answer);
}

function isTriedAgain(status: number): boolean {
  if (TRIED_AGAIN.has(status)) return true;
  return status >= 500 && !NEVER_TRIED_AGAIN.has(status);
}

function askToComeBack(response: OutgoingAnswer): void {
  if (response.headersSent) return;
  response.statusCode = 425;
  response.setHeader("Retry-After", "1");
  response.setHeader("Content-Type", "application/json");
  response.end('{"error":"an earlier delivery of this task is being worked on"}');
}

async function untilAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal,
): Promise<Value | null> {
  return await new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => resolve(null), { once: true });
    promise.then(resolve, reject);
  });
}
