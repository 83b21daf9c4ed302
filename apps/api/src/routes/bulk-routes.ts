import { BatchRequest, fieldIssues, ReplayRequest } from "@orchestrator/contract";
import type { Logger } from "@orchestrator/runtime";
import { Router, type Request, type Response } from "express";
import { auditAction, auditOperatorsAct } from "../admin/audit-action.ts";
import { methodNotAllowed } from "../http/answer-errors.ts";
import { traceIdOfResponse, traceparentOf } from "../http/trace-id.ts";
import { invalidRequest } from "../http/invalid-request.ts";
import { readWait } from "../tasks/read-wait.ts";
import {
  prepareReplay,
  previewReplay,
  replayMany,
  type ReplayContext,
} from "../tasks/replay-tasks.ts";
import { submitBatch } from "../tasks/submit-batch.ts";
import { submitTask } from "../tasks/submit-task.ts";
import { answerSubmitted } from "../tasks/task-answers.ts";
import { acceptContext, type TaskRoutesOptions } from "./task-routes.ts";

/** Many at once, and once more: batches and replays. */
export function bulkRoutes(options: TaskRoutesOptions, log: Logger): Router {
  const router = Router();
  router
    .route("/tasks/batch")
    .post(async (request, response) => await batch(request, response, options))
    .all(methodNotAllowed("POST"));
  router
    .route("/tasks/retry")
    .post(async (request, response) => await replayAll(request, response, options, log))
    .all(methodNotAllowed("POST"));
  router
    .route("/tasks/:id/retry")
    .post(async (request, response) => await replayOne(request, response, options, log))
    .all(methodNotAllowed("POST"));
  return router;
}

async function batch(
  request: Request,
  response: Response,
  options: TaskRoutesOptions,
): Promise<void> {
  const parsed = BatchRequest.safeParse(request.body ?? {});
  if (!parsed.success) throw invalidRequest(fieldIssues(parsed.error));
  const context = { ...acceptContext(request, response, options), idempotencyKey: null };
  response.status(202).json(await submitBatch(parsed.data.tasks, context, options));
}

async function replayAll(
  request: Request,
  response: Response,
  options: TaskRoutesOptions,
  log: Logger,
): Promise<void> {
  const parsed = ReplayRequest.safeParse(request.body ?? {});
  if (!parsed.success) throw invalidRequest(fieldIssues(parsed.error));
  const { dry_run, ...filter } = parsed.data;
  if (dry_run) {
    response.json({ dry_run, ...(await previewReplay(filter, options)) });
    return;
  }
  const context = replayContext(request, response);
  const replay = await replayMany(filter, context, options);
  const { task_ids: _, ...counts } = replay;
  const done = {
    action: "replay",
    droplet: filter.droplet_name ?? null,
    details: { filter, ...counts },
  };
  await auditAction(done, request, response, { store: options.store, log });
  response.status(202).json({ dry_run, ...replay });
}

/** Answers like a submission, but does not wait unless asked to. */
async function replayOne(
  request: Request<{ id: string }>,
  response: Response,
  options: TaskRoutesOptions,
  log: Logger,
): Promise<void> {
  const wait = readWait(request, { waitMaxMs: options.waitMaxMs, defaultsToWaiting: false });
  const replayed = await prepareReplay(
    request.params.id,
    replayContext(request, response),
    options,
  );
  const submitted = await submitTask(replayed, wait, options);
  const { task } = replayed;
  const details = { task_id: task.id, replayed_from: request.params.id };
  const done = { action: "replay_one", droplet: task.dropletName, details };
  await auditOperatorsAct(done, request, response, { store: options.store, log });
  answerSubmitted(response, { task, warnings: [] }, submitted, wait.applied);
}

function replayContext(request: Request, response: Response): ReplayContext {
  return { traceId: traceIdOfResponse(response), traceparent: traceparentOf(request) };
}
