import type { AuditedAction, Store } from "@orchestrator/queue";
import type { Logger } from "@orchestrator/runtime";
import type { Request, Response } from "express";
import { callerOf } from "../access/caller.ts";
import { traceIdOfResponse } from "../http/trace-id.ts";

/** Who did it and in which trace is read off the request. */
export type OperatorAction = Pick<AuditedAction, "action" | "droplet" | "details">;

/**
 * Writes down what an operator did, in the log and in the audit log. What was done stays done: when Redis goes
 * away between the two, the line in the log is what is left, and the operator is told so by the refusal.
 */
export async function auditAction(
  action: OperatorAction,
  request: Pick<Request, "socket">,
  response: Response,
  { store, log }: { store: Store; log: Logger },
): Promise<void> {
  const { name: caller } = callerOf(response);
  const traceId = traceIdOfResponse(response);
  const remote = request.socket.remoteAddress ?? null;
  log.info({ event: "operator.acted", ...action, caller, remote, trace_id: traceId });
  await store.audit.append({ ...action, caller, remote, traceId });
}

/**
 * Writes down what is a caller's own act with his own tasks, and an operator's with anybody's: only of somebody who may
 * operate is it known that he may not have been the one who submitted.
 */
export async function auditOperatorsAct(
  ...[action, request, response, sinks]: Parameters<typeof auditAction>
): Promise<void> {
  if (!callerOf(response).scopes.has("operate")) return;
  await auditAction(action, request, response, sinks);
}
