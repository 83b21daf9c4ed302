import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { waitFor } from "./wait-for.ts";

const MAIN = fileURLToPath(new URL("../../apps/cli/orchestrator.mjs", import.meta.url));

export interface CommandLineOptions {
  env?: Record<string, string>;
  cwd?: string;
  stdin?: string;
}

export interface CommandLineResult {
  code: number | null;
  stdout: string;
  stderr: string;
  /** Each line of stdout as JSON: what `--json` gives. */
  documents: Record<string, unknown>[];
}

/** One run of `orchestrator` as a real process, without a terminal. */
export class CommandLine implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown[]>;
  #stdout = "";
  #stderr = "";

  constructor(args: readonly string[], { env = {}, cwd, stdin = "" }: CommandLineOptions) {
    const { PATH = "", HOME = "" } = process.env;
    // Where Node itself would put it: every start after the first takes half the time.
    const NODE_COMPILE_CACHE = join(tmpdir(), "node-compile-cache");
    this.#child = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH, HOME, NODE_COMPILE_CACHE, ...env },
      ...(cwd !== undefined && { cwd }),
    });
    this.#child.stdout?.on("data", (bytes: Buffer) => (this.#stdout += bytes.toString()));
    this.#child.stderr?.on("data", (bytes: Buffer) => (this.#stderr += bytes.toString()));
    this.#child.stdin?.on("error", () => {});
    this.#child.stdin?.end(stdin);
    this.#closed = once(this.#child, "close");
  }

  get stdout(): string {
    return this.#stdout;
  }

  async untilStdout(text: string, timeoutMs = 20_000): Promise<void> {
    await waitFor(`'${text}' on stdout`, () => this.#stdout.includes(text), { timeoutMs });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async result(): Promise<CommandLineResult> {
    const [code] = await this.#closed;
    const [stdout, stderr] = [this.#stdout, this.#stderr];
    return {
      code: code as number | null,
      stdout,
      stderr,
      get documents() {
        const lines = stdout.split("\n").filter((line) => line !== "");
        return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.#closed;
  }
}

/** Runs it to its end against this API. */
export async function orchestrator(
  { url }: { url: string },
  args: readonly string[],
  options: CommandLineOptions = {},
): Promise<CommandLineResult> {
  await using run = startCommandLine({ url }, args, options);
  return await run.result();
}

export function startCommandLine(
  { url }: { url: string },
  args: readonly string[],
  options: CommandLineOptions = {},
): CommandLine {
  return new CommandLine(args, { ...options, env: { ORCHESTRATOR_URL: url, ...options.env } });
}
