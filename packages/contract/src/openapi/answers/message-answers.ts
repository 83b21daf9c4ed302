import { z } from "zod";
import { KeptMessage } from "../../message.ts";

/** GET /messages */
export const MessagePage = z.object({
  messages: z.array(KeptMessage).describe("Newest first."),
  total: z.number().int(),
  limit: z.number().int(),
});

/** GET /message and GET /send: how to use POST. */
export const EndpointDescription = z.object({
  endpoint: z.string(),
  method: z.literal("POST"),
  description: z.string(),
  fields: z.record(z.string(), z.string()),
  queries: z.array(z.string()).optional(),
  commands: z.array(z.string()).optional(),
  kept_at: z.string().optional(),
});
