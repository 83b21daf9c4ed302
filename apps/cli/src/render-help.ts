import type { Command, Option } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { GLOBAL_OPTIONS } from "./global-options.ts";

/** What `orchestrator help` says. */
export function renderHelp(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return `Usage: orchestrator <command> [options]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join("\n")}

Options of every command:
${optionLines(GLOBAL_OPTIONS)}

\`orchestrator <command> --help\` has examples. Exit codes: 0 done, 1 a task failed, 2 wrong command line, 3 refused,
4 nobody answers, 5 still running. All of it: docs/cli.md
`;
}

/** What `orchestrator COMMAND --help` says. */
export function renderCommandHelp(command: Command): string {
  const { summary, description, operands, options, examples } = command;
  const blocks = [
    `Usage: ${usageOf(command)}`,
    `${summary}.`,
    ...(description === undefined ? [] : [description]),
    ...(operands.length === 0
      ? []
      : [operands.map((one) => `  ${`<${one.name}>`.padEnd(12)}  ${one.description}`).join("\n")]),
    ...(options.length === 0 ? [] : [`Options:\n${optionLines(options)}`]),
    `Options of every command:\n${optionLines(GLOBAL_OPTIONS)}`,
    `Examples:\n${examples.map(({ line, description: why }) => `  # ${why}\n  ${line}`).join("\n")}`,
  ];
  return `${blocks.join("\n\n")}\n`;
}

export function usageOf({ name, operands, options }: Command): string {
  const words = operands.map(({ name: operand, isOptional, isMany }) => {
    const word = `<${operand}>${isMany ? "…" : ""}`;
    return isOptional ? `[${word}]` : word;
  });
  return ["orchestrator", name, ...words, ...(options.length > 0 ? ["[options]"] : [])].join(" ");
}

/** `-w, --wait`, or `--url URL`. */
export function spellingOf({ name, short, value }: Option): string {
  return `${short ? `-${short}, ` : ""}--${name}${value ? ` ${value}` : ""}`;
}

function optionLines(options: readonly Option[]): string {
  const width = Math.max(...options.map((option) => spellingOf(option).length));
  return options
    .map((option) => {
      const choices = option.choices ? ` (${option.choices.join(", ")})` : "";
      return `  ${spellingOf(option).padEnd(width)}  ${option.description}${choices}`;
    })
    .join("\n");
}
