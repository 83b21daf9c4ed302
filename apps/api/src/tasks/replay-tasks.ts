import { randomUUID } from "node:crypto";
import { isEnded, type ReplayFilter, type TaskStatus } from "@orchestrator/contract";
import { replayDelaysMs, replayTask, type Task } from "@orchestrator/core";
import type { TaskInput } from "@orchestrator/queue";
import { invalidRequest } from "../http/invalid-request.ts";
import { taskNotFound } from "./read-record.ts";
import { addAll } from "./submit-batch.ts";
import type { Submission } from "./submit-task.ts";

/** Tasks read and added at a time. */
const CHUNK = 500;

/** Without a status, a bulk replay means what failed. */
const FAILED: TaskStatus[] = ["error", "timeout"];

export interface ReplayContext {
  traceId: string;
  traceparent: string | null;
}

interface Replayed {
  task: Task;
  input: TaskInput;
}

export interface BulkReplay {
  matched: number;
  replayed: number;
  /** Matched, but their input was not kept or they are running again. */
  skipped: number;
  task_ids: string[];
}

/** One ended task as a new task. @throws {Refusal} TASK_NOT_FOUND, INVALID_REQUEST */
export async function prepareReplay(
  taskId: string,
  context: ReplayContext,
  submission: Submission,
): Promise<Replayed> {
  const { records } = submission.store.ledger;
  const stored = await records.read(taskId);
  if (stored === null) throw taskNotFound(taskId);
  if (!isEnded(stored.status)) {
    throw invalidRequest([{ path: "id", message: `the task is still ${stored.status}` }]);
  }
  const replayed = await replay(taskId, 0, context, submission);
  if (replayed === null) {
    const message = "its payload was too large to be kept, so it cannot be replayed";
    throw invalidRequest([{ path: "id", message }]);
  }
  return replayed;
}

/** What a bulk replay would come to, without making it. */
export async function previewReplay(filter: ReplayFilter, submission: Submission) {
  const matched = await countReplays(filter, submission);
  const delays = replayDelaysMs(matched);
  const starts_within_ms = delays.at(-1) ?? 0;
  const perSecond = Array.from({ length: Math.floor(starts_within_ms / 1000) + 1 }, () => 0);
  for (const delay of delays) {
    const second = Math.floor(delay / 1000);
    perSecond[second] = (perSecond[second] ?? 0) + 1;
  }
  const most = perSecond.reduce((high, count) => Math.max(high, count), 0);
  return { matched, starts_within_ms, per_second: { first: perSecond[0] ?? 0, most } };
}

/** How many tasks a filter would replay. */
async function countReplays(filter: ReplayFilter, { store }: Submission): Promise<number> {
  let total = 0;
  for (const status of statusesOf(filter)) {
    const page = await store.ledger.history.page({ ...filter, status, limit: 1 });
    if (page !== "unknown_cursor") total += page.total;
  }
  return total;
}

/** Replays all that match, oldest first, slowly at first: each is delayed by its place in the ramp. */
export async function replayMany(
  filter: ReplayFilter,
  context: ReplayContext,
  submission: Submission,
): Promise<BulkReplay> {
  const ids = await matchingIds(filter, submission);
  const delays = replayDelaysMs(ids.length);
  const task_ids: string[] = [];
  for (let start = 0; start < ids.length; start += CHUNK) {
    const chunk = ids.slice(start, start + CHUNK);
    const prepared = await Promise.all(
      chunk.map(async (id, i) => await replay(id, delays[start + i] ?? 0, context, submission)),
    );
    const ready = prepared.filter((one) => one !== null);
    const failures = await addAll(ready, submission);
    task_ids.push(...ready.map(({ task }) => task.id).filter((id) => !failures.has(id)));
  }
  const replayed = task_ids.length;
  return { matched: ids.length, replayed, skipped: ids.length - replayed, task_ids };
}

/** Taken before anything is added, so that a replay never meets its own tasks. */
async function matchingIds(filter: ReplayFilter, { store }: Submission): Promise<string[]> {
  const ids: string[] = [];
  for (const status of statusesOf(filter)) {
    let cursor: string | undefined;
    do {
      const query = { ...filter, status, limit: 1000, ...(cursor && { cursor }) };
      const page = await store.ledger.history.page(query);
      if (page === "unknown_cursor") break;
      ids.push(...page.ids);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }
  return ids.toReversed();
}

function statusesOf(filter: ReplayFilter): TaskStatus[] {
  return filter.status === undefined ? FAILED : [filter.status];
}

/** Null when the input was not kept. */
async function replay(
  taskId: string,
  delayMs: number,
  context: ReplayContext,
  { store }: Submission,
): Promise<Replayed | null> {
  const { records } = store.ledger;
  const [stored, input] = await Promise.all([records.read(taskId), records.input(taskId)]);
  if (stored === null || input === null || !isEnded(stored.status)) return null;
  const anew = { ...context, id: randomUUID(), delayMs, nowMs: Date.now() };
  return { task: replayTask(stored.task, anew), input };
}
