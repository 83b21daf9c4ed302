import { fieldIssues } from "@orchestrator/contract";
import type { AuditEntry, Store } from "@orchestrator/queue";
import { Router } from "express";
import { z } from "zod";
import { methodNotAllowed } from "../http/answer-errors.ts";
import { invalidRequest } from "../http/invalid-request.ts";

const AuditQuery = z.object({
  limit: z
    .string()
    .regex(/^\d{1,4}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(1000))
    .default(100),
});

/** What operators did, newest first. It can be read and nothing else. */
export function auditRoutes(store: Store): Router {
  const router = Router();
  router
    .route("/admin/audit")
    .get(async (request, response) => {
      const query = AuditQuery.safeParse(request.query);
      if (!query.success) throw invalidRequest(fieldIssues(query.error));
      const entries = await store.audit.newest(query.data.limit);
      response.set("Cache-Control", "no-store");
      response.json({ entries: entries.map(shown), limit: query.data.limit });
    })
    .all(methodNotAllowed("GET"));
  return router;
}

function shown({ id, at, action, caller, remote, droplet, details, traceId }: AuditEntry) {
  return { id, at: at / 1000, action, caller, remote, droplet, details, trace_id: traceId };
}
