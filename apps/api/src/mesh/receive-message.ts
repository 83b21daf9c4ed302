import { createHash, randomUUID } from "node:crypto";
import type { KeptMessage, Message, MessageReceipt } from "@orchestrator/contract";
import { Refusal } from "../http/refusal.ts";
import type { Submission } from "../tasks/submit-task.ts";
import { answerQuery } from "./answer-query.ts";
import type { Vitals } from "./describe-health.ts";
import type { Identity } from "./identity.ts";
import { noteSignOfLife, signIn } from "./note-sign-of-life.ts";
import { obeyCommand, type Commander } from "./obey-command.ts";

export interface Receiving {
  submission: Submission;
  vitals: Vitals;
  self: Identity;
}

export interface Delivery {
  message: Message;
  /** Of the request: used where the message has none. */
  traceId: string;
  /** The sender has signed in. */
  isVerified: boolean;
  /** The same for every delivery of one message, null when the sender does not say. */
  idempotencyKey: string | null;
  /** Who stands behind a command. */
  commander: Commander;
}

type Effect = Pick<MessageReceipt, "result" | "response">;

/**
 * Acts on a message, then keeps it. What cannot be done is said in the receipt; only trouble of ours that
 * passes (Redis away, too much load) is a refusal of the delivery, so that the sender tries again.
 */
export async function receiveMessage(
  delivery: Delivery,
  receiving: Receiving,
): Promise<MessageReceipt> {
  const { message } = delivery;
  const { store } = receiving.submission;
  const traceId = message.trace_id ?? delivery.traceId;
  const effect = await actOn(delivery, receiving);
  const processedAt = new Date().toISOString();
  const kept: KeptMessage = {
    id: deliveryId(delivery, traceId),
    trace_id: traceId,
    source: message.source,
    target: message.target,
    message_type: message.message_type,
    payload: message.payload,
    timestamp: message.timestamp ?? null,
    received_at: processedAt,
    result: effect.result,
    verified: delivery.isVerified,
  };
  await store.messages.keep(kept);
  return { received: true, trace_id: traceId, processed_at: processedAt, ...effect };
}

async function actOn({ message, commander }: Delivery, receiving: Receiving): Promise<Effect> {
  const { submission, vitals, self } = receiving;
  const { store } = submission;
  try {
    switch (message.message_type) {
      case "query": {
        const response = await answerQuery(message.payload, { vitals, store, self });
        return { result: "success", response };
      }
      case "command": {
        const { result, response } = await obeyCommand(message.payload, commander, submission);
        return { result, response: { ...response } };
      }
      case "heartbeat":
      case "status":
        await noteSignOfLife(message.source, signIn(message.payload), store);
        return { result: "success" };
      default:
        return { result: "success" };
    }
  } catch (error) {
    if (!(error instanceof Refusal) || passes(error)) throw error;
    const { code, message: reason, details } = error;
    return { result: "error", response: { error: { code, message: reason, details } } };
  }
}

/** Whether the same message may well be taken a little later. */
function passes({ httpStatus }: Refusal): boolean {
  return httpStatus === 429 || httpStatus === 503;
}

/** One message delivered twice has one id; the key alone would let one sender silence another. */
function deliveryId({ message, idempotencyKey }: Delivery, traceId: string): string {
  if (idempotencyKey === null) return randomUUID();
  const identity = [idempotencyKey, message.source, message.message_type, traceId];
  return createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 32);
}
