import type { TaskStatus } from "@orchestrator/contract";
import type { Attempt, StoredResponse, Task, TaskEnd } from "@orchestrator/core";
import { ownJson, ownWriting } from "../redis/own-writing.ts";

/** A begun attempt whose end nobody has reported yet. */
export interface OpenAttempt {
  number: number;
  startedAt: number;
  worker: string;
}

/** The input of a task beside its settings: kept in the job, and after the end for a replay. */
export interface TaskInput {
  payload: unknown;
  headers: Record<string, string>;
}

/** A task's record as read from Redis. Times are epoch milliseconds. */
export interface StoredTask {
  task: Task;
  status: TaskStatus;
  revision: number;
  attempts: Attempt[];
  open: OpenAttempt | null;
  firstStartedAt: number | null;
  nextAttemptAt: number | null;
  completedAt: number | null;
  targetUrl: string | null;
  response: StoredResponse | null;
  end: TaskEnd | null;
  isCancelWished: boolean;
}

/** What a task leaves unsaid when it is written down, beside its id, which the key names. */
const UNSET = {
  traceparent: null,
  caller: null,
  deadlineAt: null,
  callback: null,
  replayedFrom: null,
  claim: null,
} as const satisfies Partial<Task>;

const MAY_BE_UNSET = ownWriting<(keyof typeof UNSET)[]>(Object.keys(UNSET));

/** A task as its record keeps it: thousands of them are kept, so what is null or in the key is left out. */
export function writeTask(task: Task): string {
  const said: Partial<Record<keyof Task, unknown>> = { ...task, id: undefined };
  for (const name of MAY_BE_UNSET) said[name] ??= undefined;
  return JSON.stringify(said);
}

/** The fields of a record that its end has put into one; any other as it is. */
export function unseal(hash: Record<string, string>): Record<string, string> {
  const { z: sealed, ...fields } = hash;
  if (sealed === undefined) return hash;
  const lines = sealed.split("\n");
  for (let n = 0; n + 1 < lines.length; n += 2) fields[lines[n] ?? ""] = lines[n + 1] ?? "";
  return fields;
}

/** Reads the hash that `record-scripts.ts` writes; null when there is none. */
export function parseStoredTask(taskId: string, record: Record<string, string>): StoredTask | null {
  const hash = unseal(record);
  const definition = hash["d"];
  if (definition === undefined) return null;
  return {
    task: { ...UNSET, ...ownJson<Task>(definition), id: taskId },
    status: ownWriting<TaskStatus>(hash["s"]),
    revision: Number(hash["v"]),
    attempts: parseAttempts(hash),
    open: hash["o"] ? ownJson<OpenAttempt>(hash["o"]) : null,
    firstStartedAt: optionalNumber(hash["f"]),
    nextAttemptAt: optionalNumber(hash["na"]),
    completedAt: optionalNumber(hash["c"]),
    targetUrl: hash["u"] ?? null,
    response: hash["r"] ? ownJson<StoredResponse>(hash["r"]) : null,
    end: hash["e"] ? ownJson<TaskEnd>(hash["e"]) : null,
    isCancelWished: hash["x"] !== undefined,
  };
}

function parseAttempts(hash: Record<string, string>): Attempt[] {
  const attempts: Attempt[] = [];
  for (let number = 1; number <= Number(hash["n"] ?? 0); number++) {
    const attempt = hash[`a:${number}`];
    if (attempt !== undefined) attempts.push(ownJson<Attempt>(attempt));
  }
  return attempts;
}

function optionalNumber(text: string | undefined): number | null {
  return text ? Number(text) : null;
}
