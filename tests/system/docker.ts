import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What the command line needs of the user's environment. Settings of the Orchestrator are given by the tests alone. */
const INHERITED = /^(PATH|HOME|TMPDIR|DOCKER_.+|XDG_.+|(https?|no)_proxy)$/i;

export interface CommandOptions {
  env?: Record<string, string>;
  timeoutMs?: number;
}

/** Runs a command in the root of the repository and gives its standard output. @throws {Error} with all it wrote */
export async function run(
  command: string,
  args: readonly string[],
  { env = {}, timeoutMs = 300_000 }: CommandOptions = {},
): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => INHERITED.test(name));
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
  });
  const { promise: exit, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject);
  child.once("close", resolve);
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  if (code !== 0)
    throw new Error(`${[command, ...args].join(" ")} ended with ${code}:\n${err}${out}`);
  return out.trim();
}

export async function docker(...args: string[]): Promise<string> {
  return await run("docker", args);
}

/** Our docker-compose.yml with the settings of the tests. `command` is `docker compose` or `docker-compose`, by word. */
export async function compose(
  [program = "docker-compose", ...first]: readonly string[],
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return await run(program, [...first, "--env-file", "tests/system/compose.env", ...args], options);
}

/** A field of what the engine knows about a container, an image or a volume. */
export async function inspect(what: string, template: string): Promise<unknown> {
  return JSON.parse(await docker("inspect", "--format", `{{json ${template}}}`, what));
}

/** What a Node program in a container prints, as JSON. `program` is an expression; `fs` and `os` are at hand. */
export async function evaluateIn(container: string, program: string): Promise<unknown> {
  const script = `const fs = require("node:fs"); console.log(JSON.stringify(${program}))`;
  return JSON.parse(await docker("exec", container, "node", "-e", script));
}

/** Where a port of a container can be reached on this machine. It changes with every start of the container. */
export async function urlOf(container: string, port: number): Promise<{ url: string }> {
  const [first = ""] = (await docker("port", container, String(port))).split("\n");
  return { url: `http://${first}` };
}
