import { randomUUID } from "node:crypto";
import { awaitAll } from "../batch/await-all.ts";
import { batchName, countLines } from "../batch/batch-lines.ts";
import { runBatch } from "../batch/run-batch.ts";
import type { Command, Invocation } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { ProgressBar } from "../terminal/progress-bar.ts";
import { plainText } from "../terminal/plain-text.ts";

const CONCURRENCY = 16;

export const batch: Command = {
  name: "batch",
  summary: "Submit a file of tasks, one JSON object a line; safe to run again",
  description:
    "Each line is submitted under an Idempotency-Key made of the file, the line's number and its text. After a failure, Ctrl-C or a crash run the same command again: what was submitted is joined, not submitted twice, until 24 h after it ended. A line that was corrected is a new task. Lines that are refused are named and do not hold up the others.",
  operands: [
    { name: "file", description: "a file of JSON lines, or - for stdin", completes: "files" },
  ],
  options: [
    {
      name: "run",
      value: "NAME",
      description:
        "Names this batch instead of its file: a new name submits everything anew, and stdin can be resumed under one.",
    },
    {
      name: "concurrency",
      value: "N",
      description: `Requests under way at a time; ${CONCURRENCY} unless given.`,
    },
    { name: "wait", short: "w", description: "Wait for the end of every task." },
  ],
  examples: [
    { line: "orchestrator batch tasks.jsonl", description: "Submit them all" },
    {
      line: "orchestrator batch tasks.jsonl --wait --json",
      description: "One JSON document a line: which line became which task, and how it ended",
    },
    {
      line: "orchestrator batch - --run monday < tasks.jsonl",
      description: "From another program, resumable by its name",
    },
  ],
  retryForS: 60,
  run: async (invocation) => {
    const {
      operands: [file = ""],
      options,
      output,
      client,
      stdin,
      signal,
    } = invocation;
    const concurrency = options.count("concurrency", { min: 1, max: 256 }) ?? CONCURRENCY;
    const total = await countLines(file);
    const name = await batchName(file, options.text("run"), randomUUID);
    const bar = new ProgressBar(output.stderr.isTTY ? (text) => output.stderr.write(text) : null);
    const counts = { done: 0, refused: 0, joined: 0 };
    const submitted: { line: number; task_id: string }[] = [];
    const isWaiting = options.isOn("wait");
    try {
      for await (const outcome of runBatch({ file, name, concurrency, client, stdin, signal })) {
        counts.done++;
        if ("error" in outcome) {
          counts.refused++;
          bar.clear();
          const { code, message } = outcome.error;
          output.failure(outcome, `line ${outcome.line}: ${code}: ${plainText(message)}`);
        } else {
          if (outcome.joined) counts.joined++;
          if (isWaiting) submitted.push(outcome);
          else if (output.isJson) output.result(outcome, () => "");
        }
        bar.show({ done: counts.done, total, refused: counts.refused });
      }
    } catch (error) {
      bar.clear();
      output.note(
        `${counts.done} of ${total ?? "?"} lines are done; run it again: nothing is submitted twice`,
      );
      throw error;
    }
    bar.clear();
    output.note(summaryOf(counts));
    const failed = isWaiting ? await awaitEnds(submitted, concurrency, invocation) : 0;
    return exitCode(counts.refused, failed);
  },
};

/** @returns how many did not succeed */
async function awaitEnds(
  submitted: readonly { line: number; task_id: string }[],
  concurrency: number,
  { client, output, signal }: Invocation,
): Promise<number> {
  const bar = new ProgressBar(output.stderr.isTTY ? (text) => output.stderr.write(text) : null);
  let done = 0;
  let failed = 0;
  for await (const { task, record } of awaitAll(submitted, concurrency, client, signal)) {
    done++;
    const { line, task_id } = task;
    const { status, response_status, error } = record;
    const document = { line, task_id, status, response_status, error };
    if (status === "success") {
      if (output.isJson) output.result(document, () => "");
    } else {
      failed++;
      bar.clear();
      const reason = error === null ? "" : `: ${error.code}: ${plainText(error.message)}`;
      output.failure(document, `line ${line}: task ${task_id}: ${status}${reason}`);
    }
    bar.show({ done, total: submitted.length, refused: 0 });
  }
  bar.clear();
  output.note(`${done - failed} succeeded, ${failed} did not`);
  return failed;
}

function summaryOf(counts: { done: number; refused: number; joined: number }): string {
  const submitted = counts.done - counts.refused - counts.joined;
  const parts = [`${submitted} submitted`];
  if (counts.joined > 0) parts.push(`${counts.joined} had been submitted before`);
  if (counts.refused > 0) parts.push(`${counts.refused} refused`);
  return parts.join(", ");
}

function exitCode(refused: number, failed: number): ExitCode {
  if (refused > 0) return EXIT.refused;
  return failed > 0 ? EXIT.taskFailed : EXIT.ok;
}
