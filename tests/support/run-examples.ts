import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { text } from "node:stream/consumers";
import type { DocumentedExample } from "./documented-examples.ts";

/** Far longer than any document's examples take. */
const RUN_MS_MAX = 90_000;

export interface ExampleRun {
  example: DocumentedExample;
  exitCode: number;
  printed: string;
}

/**
 * Runs the examples of one document as a reader would: one after the other in one bash, so that what the first
 * defines is there for the last. A program in JavaScript gets a Node.js of its own.
 *
 * @param addresses for each address in the document the one that answers here
 */
export async function runExamples(
  examples: readonly DocumentedExample[],
  addresses: ReadonlyMap<string, string>,
): Promise<ExampleRun[]> {
  const script = examples.map((example, index) => scriptOf(example, index)).join("\n");
  const bash = spawn("bash", ["--noprofile", "--norc", "-o", "pipefail"], {
    env: { PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}` },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: RUN_MS_MAX,
    killSignal: "SIGKILL",
  });
  bash.stdin.end(replaceAll(script, addresses));
  const [printed, complaints] = await Promise.all([
    text(bash.stdout),
    text(bash.stderr),
    once(bash, "close"),
  ]);
  const documented = new Map(Array.from(addresses, ([shown, here]) => [here, shown]));
  const runs = Array.from(
    replaceAll(printed, documented).matchAll(/([^]*?)\n=== end of example, exit code (\d+) ===\n/g),
    ([, output = "", code]) => ({ printed: output, exitCode: Number(code) }),
  );
  if (runs.length !== examples.length) {
    throw new Error(`${runs.length} of ${examples.length} examples ended: ${printed}${complaints}`);
  }
  return examples.map((example, index) => ({
    example,
    exitCode: runs[index]?.exitCode ?? -1,
    printed: runs[index]?.printed ?? "",
  }));
}

/** What it leaves in the background has ended before the next begins. */
function scriptOf({ language, source }: DocumentedExample, index: number): string {
  const end = `program_${index}_ends`;
  const lines =
    language === "sh" ? source : `node --input-type=module <<'${end}'\n${source}${end}\n`;
  return `${lines}code=$?; wait; printf '\\n=== end of example, exit code %s ===\\n' $code\n`;
}

function replaceAll(written: string, replacements: ReadonlyMap<string, string>): string {
  let replaced = written;
  for (const [from, to] of replacements) replaced = replaced.replaceAll(from, to);
  return replaced;
}
