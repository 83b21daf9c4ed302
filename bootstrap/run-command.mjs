import { spawn } from "node:child_process";

/**
 * Runs a command to its end and keeps what it wrote, so that its noise is shown only when it failed.
 * Never throws for a command that fails or is not there: `code` is then not 0 and `output` says why.
 * `signal` and `timeoutMs` end it with SIGTERM, `signal` after `graceMs` more with SIGKILL; its end is waited for.
 */
export async function runCommand(
  command,
  args,
  { cwd, env, signal, timeoutMs, graceMs = 8_000 } = {},
) {
  const stdio = ["ignore", "pipe", "pipe"];
  const child = spawn(command, args, { cwd, env, timeout: timeoutMs, stdio });
  const stop = () => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), graceMs).unref();
  };
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });

  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  }
  const code = await new Promise((resolve) => {
    child.once("error", (error) => {
      output ||= error.message;
      resolve(127);
    });
    child.once("close", (exitCode) => resolve(exitCode ?? 1));
  });
  signal?.removeEventListener("abort", stop);
  return { code, output };
}

const ignore = () => {};

/**
 * Runs a command to its end in front of the user's eyes. Resolves to its exit code. A SIGTERM or SIGHUP for us is
 * passed on and waited for; Ctrl-C reaches the command by itself, through the terminal.
 */
export async function runVisibly(command, args, { cwd, env }) {
  const child = spawn(command, args, { cwd, env, stdio: "inherit" });
  const passOn = (signal) => child.kill(signal);
  process.on("SIGTERM", passOn).on("SIGHUP", passOn).on("SIGINT", ignore);
  try {
    return await new Promise((resolve) => {
      child.once("error", () => resolve(127));
      child.once("close", (code) => resolve(code ?? 1));
    });
  } finally {
    process.off("SIGTERM", passOn).off("SIGHUP", passOn).off("SIGINT", ignore);
  }
}

/** How to start npm: the very npm that started us, else the one on the PATH. */
export function npmCommand(env) {
  const script = env.npm_execpath;
  return script?.endsWith(".js")
    ? { command: process.execPath, args: [script] }
    : { command: "npm", args: [] };
}
