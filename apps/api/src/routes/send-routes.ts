import { fieldIssues, SendRequest } from "@orchestrator/contract";
import { traceIdOf } from "@orchestrator/core";
import { Router, type Request, type Response } from "express";
import { methodNotAllowed } from "../http/answer-errors.ts";
import { invalidRequest } from "../http/invalid-request.ts";
import type { Identity } from "../mesh/identity.ts";
import { sendMessage } from "../mesh/send-message.ts";
import { readWait } from "../tasks/read-wait.ts";
import { acceptContext, type TaskRoutesOptions } from "./task-routes.ts";

export interface SendRoutesOptions {
  tasks: TaskRoutesOptions;
  self: Identity;
}

/** What checkers probe with GET: how to use POST. */
const SEND_ENDPOINT = {
  endpoint: "/orchestrator/send",
  method: "POST",
  description: "Delivers a message to a droplet's /message as a durable task; `*` is everybody.",
  fields: {
    target: "name or id, or * for every droplet on the list",
    message_type: "one word of at most 64 characters",
    payload: "any JSON",
    priority: "high, normal or low; normal unless given",
    retry_count: "0 to 20; 3 unless given",
    trace_id: "string, optional",
  },
};

/** What we say to the mesh on somebody's behalf. */
export function sendRoutes(options: SendRoutesOptions): Router {
  const router = Router();
  router
    .route("/send")
    .get((_request, response) => void response.json(SEND_ENDPOINT))
    .post(async (request, response) => await send(request, response, options))
    .all(methodNotAllowed("GET", "POST"));
  return router;
}

async function send(
  request: Request,
  response: Response,
  { tasks, self }: SendRoutesOptions,
): Promise<void> {
  const wait = readWait(request, { waitMaxMs: tasks.waitMaxMs, defaultsToWaiting: true });
  const parsed = SendRequest.safeParse(request.body ?? {});
  if (!parsed.success) throw invalidRequest(fieldIssues(parsed.error));
  const context = acceptContext(request, response, tasks);
  const given = traceIdOf({ xTraceId: parsed.data.trace_id ?? undefined });
  const receipt = await sendMessage(parsed.data, {
    submission: tasks,
    self,
    context: { ...context, traceId: given ?? context.traceId },
    wait,
  });
  if (wait.applied !== null) response.set("Preference-Applied", wait.applied);
  if (receipt.task_id !== null) response.locals["taskId"] = receipt.task_id;
  response.json(receipt);
}
