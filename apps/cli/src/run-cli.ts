import { OrchestratorClient } from "@orchestrator/client";
import type { Command, Invocation } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { explainFailure } from "./explain-failure.ts";
import { DEFAULT_URL } from "./global-options.ts";
import { nearest } from "./nearest.ts";
import { OptionValues } from "./option-values.ts";
import { Output, type Sink } from "./output.ts";
import { parseCommandLine } from "./parse-command-line.ts";
import { renderCommandHelp, renderHelp } from "./render-help.ts";
import { UsageError } from "./usage-error.ts";

/** Everything from outside that a command line touches. */
export interface Surroundings {
  args: readonly string[];
  env: Record<string, string | undefined>;
  stdin: AsyncIterable<Uint8Array>;
  stdout: Sink;
  stderr: Sink;
  /** Aborted by Ctrl-C and SIGTERM. */
  signal: AbortSignal;
  version: string;
}

/** Runs one command line from its words to its exit code. */
export async function runCli(surroundings: Surroundings): Promise<ExitCode> {
  const { args, stdout, signal, version } = surroundings;
  const [name = "help", ...rest] = args;
  // Before the command is known, and its options with it.
  let output = outputFor(surroundings, new OptionValues({ json: rest.includes("--json") }));
  try {
    if (name === "--version" || name === "version") {
      stdout.write(`${version}\n`);
      return EXIT.ok;
    }
    if (name === "help" || name === "--help" || name === "-h") {
      const [topic] = rest;
      stdout.write(topic === undefined ? renderHelp() : renderCommandHelp(findCommand(topic)));
      return EXIT.ok;
    }
    const command = findCommand(name);
    const { operands, options } = parseCommandLine(command, rest);
    output = outputFor(surroundings, options);
    if (options.isOn("help")) {
      stdout.write(renderCommandHelp(command));
      return EXIT.ok;
    }
    return await command.run(invocation(command, operands, options, output, surroundings));
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    const failure = explainFailure(error);
    // A bug of ours: the edge shows it whole.
    if (failure === null) throw error;
    output.failure(failure.document, failure.words);
    return failure.exitCode;
  }
}

function findCommand(name: string): Command {
  const found = COMMANDS.find((command) => command.name === name);
  if (found !== undefined) return found;
  const guess = nearest(
    name,
    COMMANDS.map((command) => command.name),
  );
  const hint = guess === null ? "orchestrator help lists them" : `did you mean ${guess}?`;
  throw new UsageError(`there is no command '${name}'; ${hint}`);
}

function outputFor({ stdout, stderr, env }: Surroundings, options: OptionValues): Output {
  const isColourless = Boolean(env["NO_COLOR"]) || options.isOn("no-color");
  return new Output({ stdout, stderr, isJson: options.isOn("json"), isColourless });
}

function invocation(
  command: Command,
  operands: readonly string[],
  options: OptionValues,
  output: Output,
  { env, signal, stdin, version }: Surroundings,
): Invocation {
  const url = options.text("url") ?? (env["ORCHESTRATOR_URL"] || DEFAULT_URL);
  const apiKey = options.text("api-key") ?? env["ORCHESTRATOR_API_KEY"];
  const retryForMs = options.durationMs("retry-for") ?? command.retryForS * 1000;
  const redisUrl = env["REDIS_URL"] || undefined;
  const client = clientFor(url, apiKey, retryForMs, version);
  return { operands, options, client, url, output, signal, stdin, version, redisUrl };
}

/** @throws {UsageError} for a URL that cannot be one; what it holds is not repeated */
function clientFor(
  url: string,
  apiKey: string | undefined,
  retryForMs: number,
  version: string,
): OrchestratorClient {
  const headers = { "user-agent": `orchestrator-cli/${version}` };
  try {
    return new OrchestratorClient({ url, headers, retryForMs, ...(apiKey && { apiKey }) });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`--url or ORCHESTRATOR_URL: ${reason}`, { cause });
  }
}
