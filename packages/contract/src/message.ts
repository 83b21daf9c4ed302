import { z } from "zod";

/** The version of the envelope that we write; any is read. */
export const UDC_VERSION = "1.0";

/** Kinds of message that mean something to us. Any other word is taken and kept. */
export const MESSAGE_TYPES = [
  "status",
  "event",
  "command",
  "query",
  "response",
  "heartbeat",
] as const;

/** A droplet as the mesh names it: by id (integer, also as text) or by name. */
export const DropletReference = z.union(
  [z.string().trim().min(1).max(255), z.number().int().safe()],
  { error: "must be a name (1 to 255 characters) or an integer id" },
);
export type DropletReference = z.infer<typeof DropletReference>;

export const MessageType = z
  .string()
  .regex(/^[\p{L}\p{N}_.:/-]{1,64}$/u, "must be one word of at most 64 characters");

const traceId = z.string().min(1).max(128);

/** What POST /message takes: the flat form and the UDC envelope are the same fields, but for the version. */
export const Message = z.object({
  udc_version: z.union([z.string().max(32), z.number()]).optional(),
  trace_id: traceId.nullish().describe("Ours when there is none."),
  source: DropletReference,
  target: DropletReference,
  message_type: MessageType,
  payload: z.unknown().default(null),
  timestamp: z.union([z.string().max(64), z.number()]).nullish(),
  signature: z.string().max(8192).nullish().describe("Taken, not judged and not kept."),
});
export type Message = z.infer<typeof Message>;

/** What became of a message: done, handed on, or refused with a reason in `response`. */
export const MESSAGE_RESULTS = ["success", "queued", "error"] as const;
export type MessageResult = (typeof MESSAGE_RESULTS)[number];

/** The answer to POST /message. */
export const MessageReceipt = z.object({
  received: z.literal(true),
  trace_id: z.string(),
  processed_at: z.iso.datetime(),
  result: z.enum(MESSAGE_RESULTS),
  response: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("The answer to a query or command; `error` {code, message, details} when refused."),
});
export type MessageReceipt = z.infer<typeof MessageReceipt>;

/** A message as GET /messages shows it. */
export const KeptMessage = z.object({
  id: z.string(),
  trace_id: z.string(),
  source: DropletReference,
  target: DropletReference,
  message_type: z.string(),
  payload: z.unknown().describe("Replaced by {_truncated:true,…} beyond 10 KB."),
  timestamp: z.union([z.string(), z.number()]).nullable().describe("As the sender wrote it."),
  received_at: z.iso.datetime(),
  result: z.enum(MESSAGE_RESULTS),
  verified: z.boolean().describe("Whether the sender had signed in."),
});
export type KeptMessage = z.infer<typeof KeptMessage>;

/** The query of GET /messages. Out of range is refused, never clamped. */
export const MessagesQuery = z.object({
  source: z.string().min(1).max(255).optional().describe("As in the message, case ignored."),
  message_type: MessageType.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
export type MessagesQuery = z.infer<typeof MessagesQuery>;
