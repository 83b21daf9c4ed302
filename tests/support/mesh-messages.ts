import { KeptMessage, MessageReceipt } from "@orchestrator/contract";
import { send, type SendOptions } from "./send.ts";

/** A message as a droplet writes it; wrong values included. */
export type MessageBody = Record<string, unknown>;

type Api = { url: string };

/** An event in the flat form, but for what is given. */
export function flat(more: MessageBody = {}): MessageBody {
  return {
    trace_id: "trace-1",
    source: 12,
    target: 2,
    message_type: "event",
    payload: { happened: true },
    ...more,
  };
}

export function query(payload: unknown): MessageBody {
  return flat({ message_type: "query", payload });
}

export function command(payload: unknown): MessageBody {
  return flat({ message_type: "command", payload });
}

/** POST /orchestrator/message. @throws {Error} for every other answer than 200 */
export async function deliver(to: Api, message: MessageBody, options: SendOptions = {}) {
  const path = "/orchestrator/message";
  const answer = await send(to, path, { method: "POST", json: message, ...options });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  return MessageReceipt.parse(answer.body);
}

/** What was said to us. @throws {Error} for every other answer than 200 */
export async function keptMessages(from: Api, search = "") {
  const { status, body, text } = await send(from, `/orchestrator/messages${search}`);
  if (status !== 200) throw new Error(`${status}: ${text}`);
  const page = body as { messages: unknown[]; total: number; limit: number };
  return { ...page, messages: page.messages.map((one) => KeptMessage.parse(one)) };
}
