import type { Command, Option } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { EXIT_MEANINGS } from "./exit-codes.ts";
import { GLOBAL_OPTIONS } from "./global-options.ts";
import { spellingOf, usageOf } from "./render-help.ts";

/** The parts of `docs/cli.md` that follow from the table of commands, in Markdown. */
export function renderReference(): string {
  return [
    "## Options of every command",
    optionList(GLOBAL_OPTIONS),
    "## Exit codes",
    exitList(),
    "## Commands",
    ...COMMANDS.map(renderCommand),
  ].join("\n\n");
}

function renderCommand(command: Command): string {
  const { name, summary, description, operands, options, examples } = command;
  const operandList = operands.map((one) => `- \`<${one.name}>\`: ${one.description}`).join("\n");
  const lines = examples.map(({ line, description: why }) => `# ${why}\n${line}`);
  return [
    `### ${name}`,
    `${summary}.${description === undefined ? "" : ` ${description}`}`,
    `\`\`\`text\n${usageOf(command)}\n\`\`\``,
    ...(operandList === "" ? [] : [operandList]),
    ...(options.length === 0 ? [] : [optionList(options)]),
    `\`\`\`sh\n${lines.join("\n\n")}\n\`\`\``,
  ].join("\n\n");
}

function optionList(options: readonly Option[]): string {
  return options
    .map((option) => {
      const choices = option.choices
        ? ` One of ${option.choices.map((choice) => `\`${choice}\``).join(", ")}.`
        : "";
      return `- \`${spellingOf(option)}\`: ${option.description}${choices}`;
    })
    .join("\n");
}

function exitList(): string {
  return Object.entries(EXIT_MEANINGS)
    .map(([code, meaning]) => `- ${code}: ${meaning}`)
    .join("\n");
}
