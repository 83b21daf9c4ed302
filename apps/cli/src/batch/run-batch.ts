import type { BatchItem, OrchestratorClient } from "@orchestrator/client";
import { readBatchLine, textLines, type BatchLine } from "./batch-lines.ts";

export interface BatchRun {
  file: string;
  /** See `batchName`. */
  name: string;
  concurrency: number;
  client: OrchestratorClient;
  stdin: AsyncIterable<Uint8Array>;
  signal: AbortSignal;
}

/** What became of one line. */
export type LineOutcome =
  | { line: number; task_id: string; status: string; joined: boolean }
  | { line: number; error: { code: string; message: string } };

/** Submits every line and gives what became of each as it is known. @throws what stops all of them */
export async function* runBatch(run: BatchRun): AsyncGenerator<LineOutcome> {
  const { client, concurrency, signal } = run;
  const sent: number[] = [];
  const notTasks: LineOutcome[] = [];
  for await (const outcome of client.batch(items(run, sent, notTasks), { concurrency, signal })) {
    yield* notTasks.splice(0);
    const line = sent[outcome.index] ?? 0;
    if (outcome.kind === "refused") {
      const { code, message } = outcome.error;
      yield { line, error: { code, message: withIssues(message, outcome.error.details) } };
    } else {
      const { task_id, status } = outcome.answer;
      yield { line, task_id, status, joined: outcome.isJoined };
    }
  }
  yield* notTasks;
}

/** @param sent gets the line number of each item, by its index */
async function* items(
  { file, name, stdin }: BatchRun,
  sent: number[],
  notTasks: LineOutcome[],
): AsyncGenerator<BatchItem> {
  for await (const { number, text } of textLines(file, stdin)) {
    const { task, idempotencyKey } = readBatchLine(name, number, text);
    if (task === null) {
      notTasks.push(notATask(number));
      continue;
    }
    sent.push(number);
    yield { task, idempotencyKey };
  }
}

function notATask(line: BatchLine["number"]): LineOutcome {
  return { line, error: { code: "INVALID_REQUEST", message: "not a JSON object" } };
}

/** Which fields were wrong, as far as the refusal says. */
function withIssues(message: string, { issues }: Record<string, unknown>): string {
  return Array.isArray(issues) ? `${message} ${JSON.stringify(issues)}` : message;
}
