import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The kernel counts CPU time in hundredths of a second. */
const TICK_MS = 10;

/** A process of a benchmark, with what it costs. */
export class Child implements AsyncDisposable {
  readonly name: string;
  readonly #process: ChildProcess;
  /** The first line it wrote that says it is up. */
  readonly up: Promise<Record<string, unknown>>;

  private constructor(name: string, child: ChildProcess, upEvent: string) {
    this.name = name;
    this.#process = child;
    this.up = firstEvent(name, child, upEvent);
  }

  static node(name: string, entry: string, env: Record<string, string>, upEvent: string): Child {
    const child = spawn(process.execPath, [entry], {
      cwd: ROOT,
      env: { PATH: process.env["PATH"] ?? "", ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    return new Child(name, child, upEvent);
  }

  static redis(port: number): Child {
    const binary = process.env["REDIS_SERVER_BINARY"] ?? "redis-server";
    const args = [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
    ];
    const child = spawn(binary, [...args, "--maxmemory-policy", "noeviction"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    return new Child("redis", child, "Ready to accept connections");
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
    if (this.#process.exitCode !== null) return;
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 5000);
    await exited;
    clearTimeout(timer);
  }
}

/** Keeps reading to the end: a child whose output nobody takes would stand still. */
async function firstEvent(
  name: string,
  child: ChildProcess,
  event: string,
): Promise<Record<string, unknown>> {
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
  if (child.stdout === null) throw new Error(`${name} has no output`);
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (!line.includes(event)) return;
    const said: unknown = line.startsWith("{") ? JSON.parse(line) : {};
    resolve(typeof said === "object" && said !== null ? { ...said } : {});
  });
  child.once("exit", (code) => reject(new Error(`${name} ended with code ${code}`)));
  return await promise;
}
