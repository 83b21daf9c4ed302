import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** Debian's package `prometheus` has it; tests that need it are skipped by name without it. */
export const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

export interface PromtoolResult {
  code: number;
  /** Everything it said. */
  output: string;
}

/** Runs promtool, with `input` on its standard input. */
export async function runPromtool(args: string[], input = ""): Promise<PromtoolResult> {
  const child = spawn("promtool", args, { stdio: "pipe" });
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code: Number(code), output: out + err };
}
