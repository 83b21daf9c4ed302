/** What a script can tell from `$?`; `docs/cli.md` lists them. */
export const EXIT = {
  ok: 0,
  taskFailed: 1,
  usage: 2,
  refused: 3,
  unreachable: 4,
  stillRunning: 5,
  bug: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: Record<ExitCode, string> = {
  [EXIT.ok]: "It was done; a task that was waited for ended as `success`.",
  [EXIT.taskFailed]:
    "A task that was waited for ended as `error`, `timeout` or `cancelled`; a finding of `doctor` needs you.",
  [EXIT.usage]: "The command line, or a file it names, is wrong. Nothing was sent.",
  [EXIT.refused]:
    "The Orchestrator declined the request, or some lines of a batch: the message has its code.",
  [EXIT.unreachable]:
    "Nobody answered, or not the Orchestrator. What was asked may have been done.",
  [EXIT.stillRunning]:
    "The time to wait is over and the task goes on: the message has its id (`error.details.task_id` with --json).",
  [EXIT.bug]: "A mistake of ours, with its stack on stderr.",
  [EXIT.interrupted]: "Ctrl-C.",
};
