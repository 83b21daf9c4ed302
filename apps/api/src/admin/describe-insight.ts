import type { Store, StoredTask, TaskInput } from "@orchestrator/queue";
import { callbackId } from "@orchestrator/queue";
import type { Redaction } from "@orchestrator/runtime";
import { z } from "zod";
import { taskNotFound } from "../tasks/read-record.ts";

const HeaderValues = z.record(z.string(), z.string());

/** A payload is shown up to this many characters. */
const SHOWN_CHARS_MAX = 20_000;

/** Replays of replays are followed this far. */
const ANCESTORS_MAX = 10;

export interface InsightOptions {
  store: Store;
  version: string;
  redaction: Redaction;
}

/**
 * What an operator wants to know of a task beyond its record. Secrets are taken out, as in logs.
 * @throws {Refusal} TASK_NOT_FOUND
 */
export async function describeInsight(
  taskId: string,
  { store, version, redaction }: InsightOptions,
) {
  const stored = await store.ledger.records.read(taskId);
  if (stored === null) throw taskNotFound(taskId);
  const { task } = stored;
  const input = await readInput(stored, store);
  return {
    task_id: task.id,
    request: {
      method: task.method,
      path: task.path,
      headers: HeaderValues.parse(redaction.redact(sentHeaders(stored, input, version))),
      ...shownPayload(input, redaction),
      kept: input !== null,
    },
    settings: {
      delivery: task.delivery,
      timeout_ms: task.timeoutMs,
      attempt_timeout_ms: task.attemptTimeoutMs,
      max_retries: task.maxRetries,
      delay_ms: task.delayMs,
      deadline_at: task.deadlineAt === null ? null : task.deadlineAt / 1000,
      idempotency_key: task.claim !== null,
      caller: task.caller,
    },
    callback: task.callback && {
      task_id: callbackId(task.id),
      droplet_name: task.callback.dropletName,
      path: task.callback.path,
    },
    ancestors: await ancestorsOf(stored, store),
  };
}

/** Before the end it is in the job, after it on the record. */
async function readInput({ task }: StoredTask, store: Store): Promise<TaskInput | null> {
  const kept = await store.ledger.records.input(task.id);
  return kept ?? (await store.queues.find(task.dropletName, task.id));
}

/** Deadline and traceparent differ between attempts: of those the record tells enough. */
function sentHeaders({ task }: StoredTask, input: TaskInput | null, version: string) {
  const ours = {
    "x-task-id": task.id,
    "x-trace-id": task.traceId,
    "idempotency-key": task.id,
    "x-attempt": "1",
    "user-agent": `orchestrator/${version}`,
  };
  const theirs = Object.fromEntries(
    Object.entries(input?.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return { ...theirs, ...ours };
}

/** A payload too long to be shown whole is shown as the beginning of its text. */
function shownPayload(
  input: TaskInput | null,
  redaction: Redaction,
): { payload: unknown; payload_chars: number } {
  const payload = redaction.redact(input?.payload ?? null);
  const text = JSON.stringify(payload);
  const payload_chars = JSON.stringify(input?.payload ?? null).length;
  return {
    payload: text.length <= SHOWN_CHARS_MAX ? payload : text.slice(0, SHOWN_CHARS_MAX),
    payload_chars,
  };
}

async function ancestorsOf({ task }: StoredTask, { ledger }: Store): Promise<string[]> {
  const ancestors: string[] = [];
  let next = task.replayedFrom;
  while (next !== null && ancestors.length < ANCESTORS_MAX) {
    ancestors.push(next);
    next = (await ledger.records.read(next))?.task.replayedFrom ?? null;
  }
  return ancestors;
}
