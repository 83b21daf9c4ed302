import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The kernel counts CPU time in hundredths of a second. */
const TICK_MS = 10;

/** How long a process may take to say that it is up. */
const UP_WITHIN_MS = 30_000;

/** A process of a benchmark, with what it costs. It writes to a file, as in production, so that nobody pays for reading. */
export class Child implements AsyncDisposable {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #folder: string;
  /** The first line it wrote that says it is up. */
  readonly up: Promise<Record<string, unknown>>;

  private constructor(
    name: string,
    command: string,
    args: string[],
    env: Record<string, string>,
    upEvent: string,
  ) {
    this.name = name;
    this.#folder = mkdtempSync(join(tmpdir(), `orchestrator-bench-${name}-`));
    const log = join(this.#folder, "log");
    const output = openSync(log, "w");
    this.#process = spawn(command, args, {
      // Redis keeps its files where it was started; every other entry is named from the root.
      cwd: name === "redis" ? this.#folder : ROOT,
      env: { PATH: process.env["PATH"] ?? "", ...env },
      stdio: ["ignore", output, "inherit"],
    });
    closeSync(output);
    this.up = this.#untilUp(log, upEvent);
  }

  static node(name: string, entry: string, env: Record<string, string>, upEvent: string): Child {
    return new Child(name, process.execPath, [entry], env, upEvent);
  }

  static redis(port: number): Child {
    const binary = process.env["REDIS_SERVER_BINARY"] ?? "redis-server";
    const address = ["--port", String(port), "--bind", "127.0.0.1"];
    const durability = ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"];
    const settings = [...durability, "--maxmemory-policy", "noeviction"];
    return new Child("redis", binary, [...address, ...settings], {}, "Ready to accept connections");
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  /** User and system time so far, in ms. */
  cpuMs(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }

  /** Resident memory in MB. */
  memoryMb(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null) {
      const exited = once(this.#process, "exit");
      this.#process.kill("SIGTERM");
      const timer = setTimeout(() => this.#process.kill("SIGKILL"), 5000);
      await exited;
      clearTimeout(timer);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #untilUp(log: string, event: string): Promise<Record<string, unknown>> {
    const givesUpAt = performance.now() + UP_WITHIN_MS;
    while (performance.now() < givesUpAt && this.#process.exitCode === null) {
      const line = readFileSync(log, "utf8")
        .split("\n")
        .slice(0, -1)
        .find((one) => one.includes(event));
      if (line !== undefined) {
        const said: unknown = line.startsWith("{") ? JSON.parse(line) : {};
        return typeof said === "object" && said !== null ? { ...said } : {};
      }
      await sleep(20);
    }
    throw new Error(`${this.name} did not say ${event}: ${readFileSync(log, "utf8").slice(-500)}`);
  }
}
