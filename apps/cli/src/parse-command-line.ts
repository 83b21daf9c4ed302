import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import type { Command, Option } from "./command.ts";
import { GLOBAL_OPTIONS } from "./global-options.ts";
import { nearest } from "./nearest.ts";
import { OptionValues } from "./option-values.ts";
import { UsageError } from "./usage-error.ts";

export interface ParsedLine {
  operands: string[];
  options: OptionValues;
}

/** Reads what stands behind a command's name. @throws {UsageError} that says what would be right */
export function parseCommandLine(command: Command, args: readonly string[]): ParsedLine {
  const known = [...command.options, ...GLOBAL_OPTIONS];
  const { values, positionals } = parse(command, known, args);
  const options = new OptionValues(values);
  for (const { name, choices } of known) if (choices) options.choice(name, choices);
  if (!options.isOn("help")) checkOperands(command, positionals);
  return { operands: positionals, options };
}

function parse(command: Command, known: readonly Option[], args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: configOf(known), allowPositionals: true });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const unknown = /Unknown option '(-[^']*)'/.exec(message)?.[1];
    if (unknown === undefined) throw new UsageError(firstSentence(message), { cause });
    const guess = nearest(
      unknown,
      known.map(({ name }) => `--${name}`),
    );
    const hint = guess === null ? "" : `; did you mean ${guess}?`;
    throw new UsageError(`${command.name} has no option ${unknown}${hint}`, { cause });
  }
}

function configOf(options: readonly Option[]): ParseArgsOptionsConfig {
  return Object.fromEntries(
    options.map(({ name, short, value, isMany = false }) => [
      name,
      { type: value ? "string" : "boolean", multiple: isMany, ...(short && { short }) } as const,
    ]),
  );
}

function checkOperands({ name, operands }: Command, given: readonly string[]): void {
  const missing = operands.find((operand, n) => !operand.isOptional && given[n] === undefined);
  if (missing) throw new UsageError(`${name} needs <${missing.name}>: ${missing.description}`);
  const isOpen = operands.some(({ isMany }) => isMany);
  const extra = given[operands.length];
  if (!isOpen && extra !== undefined) throw new UsageError(`'${extra}' is one operand too many`);
}

/** Node explains at length how to write what was not meant. */
function firstSentence(message: string): string {
  return message.split(/\.\s/, 1)[0] ?? message;
}
