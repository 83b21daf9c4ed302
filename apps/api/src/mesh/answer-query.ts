import { fieldIssues } from "@orchestrator/contract";
import type { Store } from "@orchestrator/queue";
import { z } from "zod";
import { invalidRequest } from "../http/invalid-request.ts";
import { readRecord } from "../tasks/read-record.ts";
import { describeDropletList } from "./describe-droplets.ts";
import { describeHealth, type Vitals } from "./describe-health.ts";
import type { Identity } from "./identity.ts";

const Query = z.discriminatedUnion(
  "query",
  [
    z.object({ query: z.literal("task_status"), task_id: z.string().min(1).max(255) }),
    z.object({ query: z.literal("droplet_list") }),
    z.object({ query: z.literal("system_status") }),
  ],
  { error: "must be task_status, droplet_list or system_status" },
);

/** What a message of type `query` asks for. @throws {Refusal} for a query we do not know or cannot answer */
export async function answerQuery(
  payload: unknown,
  { vitals, store, self }: { vitals: Vitals; store: Store; self: Identity },
): Promise<Record<string, unknown>> {
  const parsed = z.object({ payload: Query }).safeParse({ payload });
  if (!parsed.success) throw invalidRequest(fieldIssues(parsed.error));
  const query = parsed.data.payload;
  switch (query.query) {
    case "task_status":
      return { ...(await readRecord(query.task_id, store)) };
    case "droplet_list":
      return describeDropletList(store);
    case "system_status":
      return describeHealth(vitals, self);
  }
}
