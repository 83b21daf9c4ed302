import type { OrchestratorClient } from "@orchestrator/client";
import type { ExitCode } from "./exit-codes.ts";
import type { OptionValues } from "./option-values.ts";
import type { Output } from "./output.ts";

/** One option; parsing, help, completion and the reference are all made from it. */
export interface Option {
  name: string;
  short?: string;
  /** What stands for the value in help; a switch has none. */
  value?: string;
  /** The only values there are. */
  choices?: readonly string[];
  /** May be given more than once. */
  isMany?: boolean;
  description: string;
}

/** What stands behind the command's name. */
export interface Operand {
  name: string;
  description: string;
  isOptional?: boolean;
  isMany?: boolean;
  /** What completion offers. */
  completes?: "droplets" | "files" | readonly string[];
}

export interface Example {
  /** A line for a shell; a test runs each of them. */
  line: string;
  description: string;
  /** Exit code when it is run in that test; 0 unless given. */
  exits?: ExitCode;
  /** Ends only when it is told to: the test interrupts it. */
  isEndless?: boolean;
}

/** Everything a command is given; nothing else reaches it. */
export interface Invocation {
  operands: readonly string[];
  options: OptionValues;
  client: OrchestratorClient;
  /** Where the API is, without credentials. */
  url: string;
  output: Output;
  /** Aborted by Ctrl-C and SIGTERM. */
  signal: AbortSignal;
  stdin: AsyncIterable<Uint8Array>;
  version: string;
  redisUrl: string | undefined;
}

export interface Command {
  name: string;
  summary: string;
  /** What it does that its summary does not say. */
  description?: string;
  operands: readonly Operand[];
  options: readonly Option[];
  examples: readonly Example[];
  /** How long its requests are repeated while nobody answers, in s. */
  retryForS: number;
  run: (invocation: Invocation) => Promise<ExitCode>;
}
