import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { noteStarted } from "./left-behind.ts";
import { LogLines, type LogLine, type LogMatch } from "./log-lines.ts";
import { send } from "./send.ts";
import { waitFor, within, type WaitOptions } from "./wait-for.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Far more than a start takes, for machines that are busy with other tests. */
const START_MS_MAX = 30_000;
const STOP_MS_MAX = 15_000;

export interface ServiceOptions {
  /** As the test's messages call it: `api-1`. */
  name: string;
  app: "api" | "worker";
  env: Record<string, string>;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** From the signal that `stop` sent, 0 when it went by itself. */
  tookMs: number;
}

/**
 * An API or worker as a real process of its own. It can be stopped, killed, frozen and started again; each start
 * gets a new port, so ask for `url` anew after it. `logs` holds the lines of all its lives.
 */
export class Service {
  readonly name: string;
  readonly logs = new LogLines();
  readonly #options: ServiceOptions;
  #child: ChildProcess | null = null;
  #exited: Promise<Exit> = Promise.resolve({ code: null, signal: null, tookMs: 0 });
  #port = 0;

  /** Nothing runs yet: call `start`. */
  constructor(options: ServiceOptions) {
    this.name = options.name;
    this.#options = options;
    noteStarted(this);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Resolves when it listens; with `env` on top of what it was made with. */
  async start(env: Record<string, string> = {}): Promise<void> {
    const from = this.logs.lines.length;
    this.spawn(env);
    const listening = this.waitForLog(`${this.#options.app}.listening`, {
      from,
      timeoutMs: START_MS_MAX,
    });
    const died = this.#exited.then(({ code }) => {
      const log = this.logs.tail(20);
      throw new Error(`${this.name} ended with code ${code} instead of listening:\n${log}`);
    });
    died.catch(() => {});
    const line = await Promise.race([listening, died]);
    this.#port = Number(line["port"]);
  }

  /** Starts it without waiting for anything: for starts that are meant to fail. */
  spawn(env: Record<string, string> = {}): void {
    if (this.isRunning) throw new Error(`${this.name} runs already`);
    const entry = `apps/${this.#options.app}/src/main.ts`;
    const child = spawn(process.execPath, [entry], {
      cwd: ROOT,
      env: { ...inheritedEnv(), ...this.#options.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.logs.read(child.stdout);
    this.logs.read(child.stderr);
    this.#exited = once(child, "close").then(([code, signal]: unknown[]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      tookMs: 0,
    }));
  }

  /** Resolves when `/healthz/ready` says so. */
  async untilReady(options: WaitOptions = {}): Promise<void> {
    await waitFor(
      `${this.name} to be ready`,
      async () => {
        const { status, text } = await send(this, "/healthz/ready");
        if (status !== 200) throw new Error(text);
        return true;
      },
      { timeoutMs: START_MS_MAX, ...options },
    );
  }

  /** Resolves when the process has ended by itself, all its output read. */
  async untilExit(timeoutMs = STOP_MS_MAX): Promise<Exit> {
    return await within(timeoutMs, `the end of ${this.name}`, this.#exited);
  }

  /** Asks it to stop and waits until it has. */
  async stop(signal: NodeJS.Signals = "SIGTERM", timeoutMs = STOP_MS_MAX): Promise<Exit> {
    const startedAt = performance.now();
    this.signal(signal);
    const exit = await this.untilExit(timeoutMs);
    return { ...exit, tookMs: performance.now() - startedAt };
  }

  /** kill -9: no farewell, its connections are cut by the kernel. */
  async kill(): Promise<void> {
    if (this.isRunning) await this.stop("SIGKILL");
  }

  async restart(env: Record<string, string> = {}): Promise<void> {
    await this.stop();
    await this.start(env);
  }

  /** SIGSTOP: it holds its connections and does nothing, as in a very long pause. */
  freeze(): void {
    this.signal("SIGSTOP");
  }

  thaw(): void {
    this.signal("SIGCONT");
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** The first line that fits, be it there already or yet to come. `from` skips the lines before that number. */
  async waitForLog(
    match: LogMatch,
    { from = 0, ...options }: WaitOptions & { from?: number } = {},
  ): Promise<LogLine> {
    const what = typeof match === "string" ? `'${match}' in` : "a line in";
    return await waitFor(
      `${what} the log of ${this.name}`,
      () => this.logs.find(match, from),
      options,
    );
  }
}

/** Nothing of the user's settings: the test alone says what a process gets. */
function inheritedEnv(): Record<string, string> {
  const env: Record<string, string> = {
    // Where Node itself would put it: every start after the first takes half the time.
    NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache"),
  };
  for (const name of ["PATH", "HOME", "TMPDIR", "NODE_COMPILE_CACHE", "NODE_V8_COVERAGE"]) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}
