import type { Command, Operand } from "../command.ts";
import { describeEvent } from "../describe-event.ts";
import { EXIT } from "../exit-codes.ts";
import { EVENT_FILTERS, LIST_FILTERS, readEventFilter, readListFilter } from "../filter-options.ts";
import { describeRecord, exitCodeOf, timeOf } from "../show-task.ts";
import { plainText, shortText } from "../terminal/plain-text.ts";
import { paintStatus } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { UsageError } from "../usage-error.ts";

const TASK: Operand = { name: "task", description: "the task's id" };
const ERROR_LENGTH_MAX = 60;

export const get: Command = {
  name: "get",
  summary: "Show one task: what was tried, what came back, and why",
  operands: [TASK],
  options: [
    { name: "wait", short: "w", description: "Wait for its end; the exit code tells how it was." },
    { name: "max-wait", value: "TIME", description: "Wait no longer than this; then exit with 5." },
  ],
  examples: [
    { line: 'orchestrator get "$TASK"', description: "Its whole story" },
    {
      line: 'orchestrator get "$TASK" --wait --max-wait 30s --json',
      description: "Its record once it has ended",
    },
  ],
  retryForS: 3,
  run: async ({ operands: [id = ""], options, client, output, signal }) => {
    const maxWaitMs = options.durationMs("max-wait");
    const isWaiting = options.isOn("wait");
    if (!isWaiting && maxWaitMs !== undefined) throw new UsageError("--max-wait needs --wait");
    const limit = maxWaitMs === undefined ? {} : { maxWaitMs };
    const record = isWaiting
      ? await client.poll(id, { signal, ...limit })
      : await client.get(id, { signal });
    output.result(record, (style) => describeRecord(record, style));
    return isWaiting ? exitCodeOf(record) : EXIT.ok;
  },
};

export const list: Command = {
  name: "list",
  summary: "List tasks, newest first",
  operands: [],
  options: [
    ...LIST_FILTERS,
    { name: "limit", value: "N", description: "1 to 1,000; 20 unless given." },
    { name: "all", description: "Every task that matches, page by page." },
  ],
  examples: [
    { line: "orchestrator list", description: "The newest 20" },
    {
      line: "orchestrator list --status error --droplet failing --since 2h",
      description: "What failed at one droplet in the last two hours",
    },
    {
      line: "orchestrator list --all --json | wc -l",
      description: "One JSON record a line, for other programs",
    },
  ],
  retryForS: 3,
  run: async ({ options, client, output, signal }) => {
    const filter = readListFilter(options);
    const limit = options.count("limit", { min: 1, max: 1000 });
    if (options.isOn("all")) {
      if (limit !== undefined) throw new UsageError("--all and --limit contradict each other");
      for await (const task of client.listAll({ ...filter, limit: 1000 }, { signal })) {
        output.result(task, () => rowOf(task).join("\t"));
      }
      return EXIT.ok;
    }
    const page = await client.list({ ...filter, limit: limit ?? 20 }, { signal });
    if (output.isJson) {
      for (const task of page.tasks) output.result(task, () => "");
      return EXIT.ok;
    }
    const columns = ["TASK", "STATUS", "DROPLET", "REQUEST", "CREATED", "ERROR"];
    output.result(null, (style) =>
      renderTable(
        columns.map((title) => ({ title })),
        page.tasks.map((task) =>
          rowOf(task).map((cell, n) => (n === 1 ? paintStatus(style, cell) : cell)),
        ),
      ),
    );
    output.note(`${page.tasks.length} of ${page.total}`);
    return EXIT.ok;
  },
};

function rowOf(task: {
  task_id: string;
  status: string;
  droplet_name: string;
  method: string;
  path: string;
  created_at: number;
  error_message: string | null;
}): string[] {
  return [
    task.task_id,
    task.status,
    plainText(task.droplet_name),
    shortText(`${task.method} ${task.path}`, ERROR_LENGTH_MAX),
    timeOf(task.created_at) ?? "",
    shortText(task.error_message ?? "", ERROR_LENGTH_MAX),
  ];
}

export const watch: Command = {
  name: "watch",
  summary: "Follow one task to its end, or all that match as they happen",
  description:
    "Resumes after a lost connection or a restart of the service, with nothing missing. Ends with the task; without one, with Ctrl-C.",
  operands: [{ ...TASK, isOptional: true }],
  options: EVENT_FILTERS,
  examples: [
    { line: 'orchestrator watch "$TASK"', description: "One task from its beginning to its end" },
    {
      line: "orchestrator watch --droplet echo --json",
      description: "Everything that happens to the tasks of one droplet",
      isEndless: true,
    },
  ],
  retryForS: 60,
  run: async ({ operands: [id], options, client, output, signal }) => {
    const filter = readEventFilter(options);
    if (id !== undefined && Object.keys(filter).length > 0) {
      throw new UsageError("a task and a filter contradict each other");
    }
    for await (const event of client.watch(id ?? filter, { signal })) {
      output.result(event, () => describeEvent(event));
    }
    return id === undefined ? EXIT.ok : exitCodeOf(await client.get(id, { signal }));
  },
};

export const cancel: Command = {
  name: "cancel",
  summary: "Cancel tasks: at once those that wait, by aborting its request one that runs",
  operands: [{ ...TASK, isMany: true }],
  options: [],
  examples: [
    {
      line: 'orchestrator cancel "$TASK"',
      description: "Exit code 3 (TASK_FINISHED) when it has ended already",
      exits: EXIT.refused,
    },
  ],
  retryForS: 3,
  run: async ({ operands, client, output, signal }) => {
    for (const id of operands) {
      const record = await client.cancel(id, { signal });
      output.result(record, (style) => `${id}  ${paintStatus(style, record.status)}`);
    }
    return EXIT.ok;
  },
};
