import type { TaskAccepted, TaskRecord, TaskResult } from "@orchestrator/contract";
import type { Response } from "express";
import { callerOf, type Caller } from "../access/caller.ts";
import { sendJson } from "../http/send-json.ts";
import type { AcceptedTask } from "./accept-task.ts";
import type { Submitted } from "./submit-task.ts";

/** 200 for a task that ended, whatever the droplet said; 202 for one that goes on. */
export function answerSubmitted(
  response: Response,
  { task, warnings }: Pick<AcceptedTask, "task" | "warnings">,
  submitted: Submitted,
  preferenceApplied: string | null,
): void {
  response.locals["taskId"] = task.id;
  if (preferenceApplied !== null) response.set("Preference-Applied", preferenceApplied);
  const noted = warnings.length > 0 ? { warnings } : {};
  if (submitted.kind === "ended") {
    const result = taskResult(asSeenBy(callerOf(response), submitted.record));
    sendJson(response, { ...result, ...noted } satisfies TaskResult);
    return;
  }
  const answer: TaskAccepted = {
    task_id: task.id,
    status: submitted.status,
    trace_id: task.traceId,
    ...(task.replayedFrom !== null && { replayed_from: task.replayedFrom }),
    ...noted,
  };
  response.status(202);
  response.setHeader("Location", `/orchestrator/tasks/${task.id}`);
  response.setHeader("Retry-After", String(submitted.retryAfterS));
  sendJson(response, answer);
}

/** Bodies are shown to whom may read: others learn how a task ended, and not what the droplet said. */
export function asSeenBy({ scopes }: Caller, record: TaskRecord): TaskRecord {
  return scopes.has("read") ? record : { ...record, response_body: null, response_headers: null };
}

function taskResult(record: TaskRecord): TaskResult {
  return {
    task_id: record.task_id,
    status: record.status,
    target_url: record.target_url,
    response_status: record.response_status,
    response_body: record.response_body,
    retry_count: record.retry_count,
    duration_ms: record.duration_ms,
    trace_id: record.trace_id,
    response_headers: record.response_headers,
    error: record.error,
  };
}
