import type { Command, Invocation } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { readReplayFilter, REPLAY_FILTERS } from "../filter-options.ts";
import { UsageError } from "../usage-error.ts";

export const replay: Command = {
  name: "replay",
  summary: "Run ended tasks again, as new ones",
  description:
    "Tasks by their ids, or all that match a filter; those are only counted unless --yes is given. Many are started slowly at first, so that a droplet that has just recovered is not overrun.",
  operands: [{ name: "task", description: "the task's id", isOptional: true, isMany: true }],
  options: [
    ...REPLAY_FILTERS,
    { name: "yes", short: "y", description: "Do it: without this, a filter only counts." },
  ],
  examples: [
    { line: 'orchestrator replay "$TASK"', description: "One task; prints the new one's id" },
    {
      line: "orchestrator replay --droplet failing --since 2h",
      description: "How many would it be?",
    },
    {
      line: "orchestrator replay --droplet failing --since 2h --yes",
      description: "All that failed there in the last two hours",
    },
  ],
  retryForS: 3,
  run: async (invocation) => {
    const { operands, options, client, output, signal } = invocation;
    const filter = readReplayFilter(options);
    if (operands.length === 0) return await replayAll(filter, invocation);
    if (Object.keys(filter).length > 0) {
      throw new UsageError("tasks and a filter contradict each other");
    }
    for (const id of operands) {
      const answer = await client.replay(id, { signal });
      output.result(answer, () => answer.task_id);
    }
    return EXIT.ok;
  },
};

async function replayAll(
  filter: ReturnType<typeof readReplayFilter>,
  { options, client, output, signal }: Invocation,
): Promise<ExitCode> {
  if (Object.keys(filter).length === 0) {
    throw new UsageError("name a task, or at least one of --droplet, --status, --since, --until");
  }
  if (!options.isOn("yes")) {
    const count = await client.countReplays(filter, { signal });
    output.result(count, () => `${count.matched} tasks would be run again; --yes does it`);
    return EXIT.ok;
  }
  const answer = await client.replayAll(filter, { signal });
  output.result(answer, () =>
    [`${answer.replayed} of ${answer.matched} run again`, ...answer.task_ids].join("\n"),
  );
  return EXIT.ok;
}
