import { fieldIssues, TaskListQuery, type TaskRecord } from "@orchestrator/contract";
import type { TaskDefaults } from "@orchestrator/core";
import { Router, type Request, type Response } from "express";
import { methodNotAllowed } from "../http/answer-errors.ts";
import { Refusal } from "../http/refusal.ts";
import { traceIdOfResponse, traceparentOf } from "../http/trace-id.ts";
import { acceptTask, invalidRequest } from "../tasks/accept-task.ts";
import { readWait } from "../tasks/read-wait.ts";
import { submitTask, type Submission } from "../tasks/submit-task.ts";
import { answerSubmitted } from "../tasks/task-answers.ts";

export interface TaskRoutesOptions extends Submission {
  defaults: TaskDefaults;
  waitMaxMs: number;
}

/** Submit, list, read. */
export function taskRoutes(options: TaskRoutesOptions): Router {
  const router = Router();
  router
    .route("/tasks")
    .post(async (request, response) => await submit(request, response, options))
    .get(async (request, response) => await list(request, response, options))
    .all(methodNotAllowed("GET", "POST"));
  router
    .route("/tasks/:id")
    .get(async (request, response) => await read(request, response, options))
    .all(methodNotAllowed("GET"));
  return router;
}

async function submit(
  request: Request,
  response: Response,
  options: TaskRoutesOptions,
): Promise<void> {
  const wait = readWait(request, { waitMaxMs: options.waitMaxMs, defaultsToWaiting: true });
  const accepted = acceptTask(request.body, {
    directory: options.store.directory,
    defaults: options.defaults,
    traceId: traceIdOfResponse(response),
    traceparent: traceparentOf(request),
  });
  const submitted = await submitTask(accepted, wait, options);
  answerSubmitted(response, accepted, submitted, wait.applied);
}

async function list(
  request: Request,
  response: Response,
  { store: { ledger } }: TaskRoutesOptions,
): Promise<void> {
  const query = TaskListQuery.safeParse(request.query);
  if (!query.success) throw invalidRequest(fieldIssues(query.error));
  const page = await ledger.history.page(query.data);
  if (page === "unknown_cursor") {
    throw invalidRequest([{ path: "cursor", message: "is not a cursor we gave out" }]);
  }
  response.json({
    tasks: await ledger.records.showMany(page.ids),
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
  response.json(await readRecord(id, options));
}

/** Long-polls: expect first, then ask to be told, so that no end slips through in between. */
async function untilEnded(
  id: string,
  waitMs: number,
  { store: { ledger }, waiters, replyChannel }: TaskRoutesOptions,
): Promise<void> {
  const waiter = waiters.expect(id, waitMs);
  try {
    if ((await ledger.records.watch(id, replyChannel)) === "will_be_told") await waiter.result;
  } finally {
    waiter.cancel();
  }
}

async function readRecord(id: string, { store }: TaskRoutesOptions): Promise<TaskRecord> {
  const record = await store.ledger.records.show(id);
  if (record === null) {
    throw new Refusal("TASK_NOT_FOUND", `There is no task '${id.slice(0, 100)}'`, { task_id: id });
  }
  return record;
}
