import { z } from "zod";

/** GET /admin/audit */
export const AuditPage = z.object({
  entries: z
    .array(
      z.object({
        id: z.string(),
        at: z.number().describe("Epoch seconds."),
        action: z.string(),
        caller: z.string().nullable(),
        remote: z.string().nullable(),
        droplet: z.string().nullable(),
        details: z.unknown().describe("What was asked for, or what it came to."),
        trace_id: z.string(),
      }),
    )
    .describe("Newest first."),
  limit: z.number().int(),
});
