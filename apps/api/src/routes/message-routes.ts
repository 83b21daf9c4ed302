import { fieldIssues, Message, MESSAGE_TYPES, MessagesQuery } from "@orchestrator/contract";
import type { Logger } from "@orchestrator/runtime";
import { Router, type Request, type Response } from "express";
import { callerOf, type Scope } from "../access/caller.ts";
import { requireScope } from "../access/enforce-scope.ts";
import { auditOperatorsAct } from "../admin/audit-action.ts";
import { methodNotAllowed } from "../http/answer-errors.ts";
import { invalidRequest } from "../http/invalid-request.ts";
import { traceIdOfResponse } from "../http/trace-id.ts";
import type { Vitals } from "../mesh/describe-health.ts";
import type { Identity } from "../mesh/identity.ts";
import { receiveMessage } from "../mesh/receive-message.ts";
import { readIdempotencyKey } from "../tasks/idempotency-key.ts";
import { acceptContext, type TaskRoutesOptions } from "./task-routes.ts";

export interface MessageRoutesOptions {
  tasks: TaskRoutesOptions;
  vitals: Vitals;
  self: Identity;
  log: Logger;
}

/** What checkers probe with GET: how to use POST. */
const MESSAGE_ENDPOINT = {
  endpoint: "/orchestrator/message",
  method: "POST",
  description: "Takes a message from a droplet, in the flat form or the UDC envelope.",
  fields: {
    trace_id: "string, optional",
    source: "name or id",
    target: "name or id",
    message_type: `${MESSAGE_TYPES.join(", ")}, or any other word of at most 64 characters`,
    payload: "any JSON",
    timestamp: "optional",
    udc_version: "optional, marks the UDC envelope",
  },
  queries: ["task_status {task_id}", "droplet_list", "system_status"],
  commands: ["create_task {task}", "cancel_task {task_id}"],
  kept_at: "/orchestrator/messages",
};

/** Other messages are taken from anyone. */
const SCOPE_BY_MESSAGE_TYPE = new Map<string, Scope>([
  ["command", "submit"],
  ["query", "read"],
]);

/** What the mesh says to us, and what it has said. */
export function messageRoutes(options: MessageRoutesOptions): Router {
  const router = Router();
  router
    .route("/message")
    .get((_request, response) => void response.json(MESSAGE_ENDPOINT))
    .post(async (request, response) => await receive(request, response, options))
    .all(methodNotAllowed("GET", "POST"));
  router
    .route("/messages")
    .get(async (request, response) => await list(request, response, options))
    .all(methodNotAllowed("GET"));
  return router;
}

async function receive(
  request: Request,
  response: Response,
  { tasks, vitals, self, log }: MessageRoutesOptions,
): Promise<void> {
  const message = Message.safeParse(request.body ?? {});
  if (!message.success) throw invalidRequest(fieldIssues(message.error));
  const scope = SCOPE_BY_MESSAGE_TYPE.get(message.data.message_type);
  if (scope !== undefined) requireScope(response, scope);
  const receipt = await receiveMessage(
    {
      message: message.data,
      traceId: traceIdOfResponse(response),
      isVerified: callerOf(response).name !== null,
      idempotencyKey: readIdempotencyKey(request),
      commander: {
        context: () => acceptContext(request, response, tasks),
        onCancelled: async ({ task_id, status, droplet_name: droplet }) => {
          const done = { action: "cancel", droplet, details: { task_id, status } };
          await auditOperatorsAct(done, request, response, { store: tasks.store, log });
        },
      },
    },
    { submission: tasks, vitals, self },
  );
  response.json(receipt);
}

async function list(
  request: Request,
  response: Response,
  { tasks: { store } }: MessageRoutesOptions,
): Promise<void> {
  const query = MessagesQuery.safeParse(request.query);
  if (!query.success) throw invalidRequest(fieldIssues(query.error));
  const { messages, total } = await store.messages.page(query.data);
  response.json({ messages, total, limit: query.data.limit });
}
