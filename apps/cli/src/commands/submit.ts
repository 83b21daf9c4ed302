import { isEnded, type TaskResult } from "@orchestrator/client";
import type { Command, Invocation } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { describeEvent } from "../describe-event.ts";
import { readTask, TASK_OPTIONS } from "../read-task.ts";
import { describeResult, exitCodeOf } from "../show-task.ts";
import { UsageError } from "../usage-error.ts";

export const submit: Command = {
  name: "submit",
  summary: "Submit a task, and wait for it if you like",
  description:
    "Prints the task's id as soon as it is taken. With --wait it prints how the task ended, and the exit code tells a script; with --follow also every step on the way. A lost connection or a restart of the service does not lose the task or make a second one.",
  operands: [
    { name: "droplet", description: "the droplet's name", completes: "droplets" },
    { name: "path", description: "the path on it, with its query" },
  ],
  options: [
    ...TASK_OPTIONS,
    { name: "wait", short: "w", description: "Wait for its end." },
    { name: "follow", short: "f", description: "Wait, and show each step on stderr." },
    { name: "max-wait", value: "TIME", description: "Wait no longer than this; then exit with 5." },
    {
      name: "key",
      value: "KEY",
      description: "Idempotency-Key: submitting under it again joins the same task.",
    },
    { name: "dry-run", description: "Say how the task would be treated, and make none." },
  ],
  examples: [
    { line: "orchestrator submit echo /hello", description: "Hand it over and go" },
    {
      line: `orchestrator submit echo /orders --wait --payload '{"item":7}'`,
      description: "POST it and wait for the answer",
    },
    {
      line: "orchestrator submit flaky /work --follow --meta requested_by=me",
      description: "See what is tried",
    },
    {
      line: "orchestrator submit failing /work --wait --max-retries 0 --json",
      description: "For a script: exit code 1 when the task failed",
      exits: EXIT.taskFailed,
    },
    {
      line: "orchestrator submit echo /hello --dry-run",
      description: "How long would it wait, and how often be tried?",
    },
  ],
  retryForS: 10,
  run: async (invocation) => {
    const { client, options, output, signal } = invocation;
    const task = await readTask(invocation);
    if (options.isOn("dry-run")) {
      const explanation = await client.explain(task, { signal });
      output.result(explanation, () => JSON.stringify(explanation, null, 2));
      return EXIT.ok;
    }
    const key = options.text("key");
    const keyed = { signal, ...(key !== undefined && { idempotencyKey: key }) };
    const maxWaitMs = options.durationMs("max-wait");
    if (options.isOn("follow")) return await follow(invocation, task, keyed, maxWaitMs);
    if (!options.isOn("wait")) {
      if (maxWaitMs !== undefined) throw new UsageError("--max-wait needs --wait or --follow");
      const answer = await client.submit(task, keyed);
      output.result(answer, () => answer.task_id);
      warn(invocation, answer.warnings);
      return EXIT.ok;
    }
    const limited = { ...keyed, ...(maxWaitMs !== undefined && { maxWaitMs }) };
    return show(invocation, await client.submitAndWait(task, limited));
  },
};

async function follow(
  invocation: Invocation,
  task: Awaited<ReturnType<typeof readTask>>,
  keyed: { signal: AbortSignal; idempotencyKey?: string },
  maxWaitMs: number | undefined,
): Promise<ExitCode> {
  const { client, output } = invocation;
  const answer = await client.submit(task, keyed);
  warn(invocation, answer.warnings);
  const limit = maxWaitMs === undefined ? null : AbortSignal.timeout(maxWaitMs);
  const signal = limit ? AbortSignal.any([keyed.signal, limit]) : keyed.signal;
  try {
    for await (const event of client.watch(answer.task_id, { signal })) {
      output.note(describeEvent(event));
    }
  } catch (error) {
    if (!limit?.aborted) throw error;
  }
  const left = limit?.aborted ? { maxWaitMs: 0 } : {};
  return show(invocation, await client.poll(answer.task_id, { signal: keyed.signal, ...left }));
}

function show(invocation: Invocation, result: TaskResult): ExitCode {
  invocation.output.result(result, (style) => describeResult(result, style));
  warn(invocation, result.warnings);
  return isEnded(result) ? exitCodeOf(result) : EXIT.stillRunning;
}

function warn({ output }: Invocation, warnings: readonly string[] = []): void {
  for (const warning of warnings) output.note(`warning: ${warning}`);
}
