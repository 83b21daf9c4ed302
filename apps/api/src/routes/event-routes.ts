import { EventsQuery, fieldIssues, TaskEventsQuery } from "@orchestrator/contract";
import type { Store } from "@orchestrator/queue";
import type { Logger } from "@orchestrator/runtime";
import { Router, type Request, type Response } from "express";
import type { z } from "zod";
import { blockWriter } from "../events/event-block.ts";
import type { EventStreams } from "../events/event-streams.ts";
import { followTask, type Followed } from "../events/follow-task.ts";
import { followTasks } from "../events/follow-tasks.ts";
import { methodNotAllowed } from "../http/answer-errors.ts";
import { invalidRequest } from "../http/invalid-request.ts";

export interface EventRoutesOptions {
  store: Store;
  streams: EventStreams;
  log: Logger;
}

/** Server-sent events, of one task or of all that match. */
export function eventRoutes({ store, streams, log }: EventRoutesOptions): Router {
  const router = Router();
  const onError = (error: unknown): void => log.warn({ event: "events.failed", err: error });
  const options: Followed = { store, streams, onError };
  const write = blockWriter(store.directory);
  router
    .route("/tasks/events")
    .get(async (request: Request, response: Response) => {
      const { last_event_id = null, ...filter } = readQuery(request, EventsQuery);
      await followTasks(filter, last_event_id, response, { ...options, write });
    })
    .all(methodNotAllowed("GET"));
  router
    .route("/tasks/:id/events")
    .get(async (request: Request<{ id: string }>, response: Response) => {
      const { id } = request.params;
      response.locals["taskId"] = id;
      const { last_event_id = null } = readQuery(request, TaskEventsQuery);
      await followTask(id, last_event_id, response, options);
    })
    .all(methodNotAllowed("GET"));
  return router;
}

/** The query with the header Last-Event-ID in its place. @throws {Refusal} INVALID_REQUEST */
function readQuery<Query extends z.ZodType>(
  request: Pick<Request, "query" | "get">,
  schema: Query,
): z.output<Query> {
  const header = request.get("last-event-id");
  const parsed = schema.safeParse(
    header ? { ...request.query, last_event_id: header } : request.query,
  );
  if (!parsed.success) throw invalidRequest(fieldIssues(parsed.error));
  return parsed.data;
}
