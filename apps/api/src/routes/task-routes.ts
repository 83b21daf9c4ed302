import { fieldIssues, isEnded, TaskListQuery } from "@orchestrator/contract";
import type { TaskDefaults } from "@orchestrator/core";
import type { Logger } from "@orchestrator/runtime";
import { Router, type Request, type Response } from "express";
import { callerOf } from "../access/caller.ts";
import { auditOperatorsAct } from "../admin/audit-action.ts";
import { methodNotAllowed } from "../http/answer-errors.ts";
import { traceIdOfResponse, traceparentOf } from "../http/trace-id.ts";
import { invalidRequest } from "../http/invalid-request.ts";
import { acceptOnce } from "../tasks/accept-once.ts";
import { acceptTask, type AcceptContext } from "../tasks/accept-task.ts";
import { cancelTask } from "../tasks/cancel-task.ts";
import { findTasks } from "../tasks/find-tasks.ts";
import { explainTask } from "../tasks/explain-task.ts";
import { readHops } from "../tasks/hops.ts";
import { readIdempotencyKey } from "../tasks/idempotency-key.ts";
import { readRecord } from "../tasks/read-record.ts";
import { readWait } from "../tasks/read-wait.ts";
import type { Submission } from "../tasks/submit-task.ts";
import { answerSubmitted, asSeenBy } from "../tasks/task-answers.ts";

export interface TaskRoutesOptions extends Submission {
  defaults: TaskDefaults;
  waitMaxMs: number;
}

/** Submit, list, read, cancel. */
export function taskRoutes(options: TaskRoutesOptions, log: Logger): Router {
  const router = Router();
  router
    .route("/tasks")
    .post(async (request, response) => await submit(request, response, options))
    .get(async (request, response) => await list(request, response, options))
    .all(methodNotAllowed("GET", "POST"));
  router
    .route("/tasks/:id")
    .get(async (request, response) => await read(request, response, options))
    .delete(async (request, response) => await cancel(request, response, options, log))
    .all(methodNotAllowed("GET", "DELETE"));
  return router;
}

/** What acceptance needs to know of a request beside its body. */
export function acceptContext(
  request: Request,
  response: Response,
  { store, defaults }: TaskRoutesOptions,
): AcceptContext {
  return {
    directory: store.directory,
    defaults,
    traceId: traceIdOfResponse(response),
    traceparent: traceparentOf(request),
    idempotencyKey: readIdempotencyKey(request),
    hops: readHops(request),
    caller: callerOf(response).name,
  };
}

async function submit(
  request: Request,
  response: Response,
  options: TaskRoutesOptions,
): Promise<void> {
  const wait = readWait(request, { waitMaxMs: options.waitMaxMs, defaultsToWaiting: true });
  const context = acceptContext(request, response, options);
  if (isDryRun(request)) {
    response.json(await explainTask(acceptTask(request.body, context), options));
    return;
  }
  const once = await acceptOnce(request.body, context, wait, options);
  if (once.isReplay) response.set("Idempotency-Replayed", "true");
  answerSubmitted(response, once.accepted, once.submitted, wait.applied);
}

function isDryRun(request: Request): boolean {
  const value = request.query["dry_run"];
  if (value === undefined || value === "false") return false;
  if (value === "true") return true;
  throw invalidRequest([{ path: "dry_run", message: "must be true or false" }]);
}

async function list(
  request: Request,
  response: Response,
  { store: { ledger } }: TaskRoutesOptions,
): Promise<void> {
  const query = TaskListQuery.safeParse(request.query);
  if (!query.success) throw invalidRequest(fieldIssues(query.error));
  const page = await findTasks(query.data, ledger);
  if (page === "unknown_cursor") {
    throw invalidRequest([{ path: "cursor", message: "is not a cursor we gave out" }]);
  }
  response.json({
    tasks: page.tasks,
    total: page.total,
    limit: query.data.limit,
    next_cursor: page.nextCursor,
  });
}

async function read(
  request: Request<{ id: string }>,
  response: Response,
  options: TaskRoutesOptions,
): Promise<void> {
  const { id } = request.params;
  response.locals["taskId"] = id;
  const wait = readWait(request, { waitMaxMs: options.waitMaxMs, defaultsToWaiting: false });
  if (wait.kind === "wait") await untilEnded(id, wait.ms, options);
  if (wait.applied !== null) response.set("Preference-Applied", wait.applied);
  response.json(await readRecord(id, options.store));
}

/**
 * Long-polls: expect first, then ask to be told, so that no end slips through in between.
 * @throws {Refusal} OVERLOADED when too many wait already and this one would have to
 */
async function untilEnded(
  id: string,
  waitMs: number,
  { store: { ledger }, waiters, replyChannel, admission }: TaskRoutesOptions,
): Promise<void> {
  if (admission.isCrowded) {
    const status = await ledger.records.statusOf(id);
    if (status === null || isEnded(status)) return;
    throw admission.crowded();
  }
  const waiter = waiters.expect(id, waitMs);
  try {
    if ((await ledger.records.watch(id, replyChannel)) === "will_be_told") await waiter.result;
  } finally {
    waiter.cancel();
  }
}

async function cancel(
  request: Request<{ id: string }>,
  response: Response,
  options: TaskRoutesOptions,
  log: Logger,
): Promise<void> {
  const { id } = request.params;
  response.locals["taskId"] = id;
  const { isDone, record } = await cancelTask(id, options);
  const details = { task_id: id, status: record.status };
  const done = { action: "cancel", droplet: record.droplet_name, details };
  await auditOperatorsAct(done, request, response, { store: options.store, log });
  response.status(isDone ? 200 : 202).json(asSeenBy(callerOf(response), record));
}
