import { z } from "zod";
import { DropletReference, MESSAGE_RESULTS, MessageType } from "./message.ts";
import { PRIORITIES } from "./task-request.ts";

/** The target that means every droplet on the Registry's list but ourselves. */
export const EVERYBODY = "*";

/** What POST /send takes. */
export const SendRequest = z.object({
  target: DropletReference.describe("Name or id; `*` is everybody on the list but us."),
  message_type: MessageType,
  payload: z.unknown().default(null),
  priority: z.enum(PRIORITIES).default("normal"),
  retry_count: z.number().int().min(0).max(20).default(3),
  trace_id: z.string().min(1).max(128).nullish().describe("The request's own when there is none."),
});
export type SendRequest = z.infer<typeof SendRequest>;

const SendError = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()),
});

/** What became of the message to one target. */
export const SendResult = z.object({
  target: DropletReference,
  sent: z.boolean().describe("It is on its way, or the target has answered it, well or badly."),
  result: z.enum(MESSAGE_RESULTS),
  task_id: z.string().nullable(),
  response: z.unknown().optional().describe("What the target answered."),
  error: SendError.optional(),
});
export type SendResult = z.infer<typeof SendResult>;

/** The answer to POST /send; `results` has one entry per droplet of a broadcast. */
export const SendReceipt = SendResult.extend({
  trace_id: z.string(),
  timestamp: z.iso.datetime(),
  results: z.array(SendResult).optional(),
  counts: z.record(z.enum(MESSAGE_RESULTS), z.number().int()).optional(),
});
export type SendReceipt = z.infer<typeof SendReceipt>;
