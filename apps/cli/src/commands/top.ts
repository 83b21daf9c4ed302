import { setTimeout as sleep } from "node:timers/promises";
import { UnreachableError } from "@orchestrator/client";
import type { Command, Invocation } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { readMesh, type MeshReading } from "../top/read-mesh.ts";
import { renderMesh } from "../top/render-mesh.ts";

const INTERVAL_MS = 2000;
const INTERVAL_MS_MIN = 200;

/** The screen a program borrows, and gives back as it was. */
const ENTER_SCREEN = "\u001b[?1049h\u001b[?25l";
const LEAVE_SCREEN = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_TO_END_OF_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

export const top: Command = {
  name: "top",
  summary: "The mesh at a glance, live: depth, rate, failures and state of each droplet",
  description:
    "On a terminal a table that is drawn anew every two seconds, until Ctrl-C; elsewhere, or with --once, one table. With --json a document for each reading.",
  operands: [],
  options: [
    { name: "interval", value: "TIME", description: "Between two readings; 2s unless given." },
    { name: "once", description: "One reading, and no more." },
  ],
  examples: [
    { line: "orchestrator top --once", description: "One table, for a note or a mail" },
    { line: "orchestrator top", description: "Live, until Ctrl-C", isEndless: true },
  ],
  retryForS: 3,
  run: async (invocation) => {
    const { options, output, client, signal } = invocation;
    const everyMs = Math.max(options.durationMs("interval") ?? INTERVAL_MS, INTERVAL_MS_MIN);
    const isScreen = output.stdout.isTTY === true && !output.isJson && !options.isOn("once");
    if (isScreen) return await runScreen(invocation, everyMs);
    let before: MeshReading | null = null;
    do {
      const reading: MeshReading = await readMesh(client, signal);
      const { metrics, workers, switches } = reading;
      const document = { ...metrics, workers, switches: Object.fromEntries(switches) };
      const shownBefore = before;
      output.result(document, (style) => renderMesh(reading, shownBefore, style));
      before = reading;
      if (options.isOn("once") || !output.isJson) return EXIT.ok;
      await sleep(everyMs, undefined, { signal });
    } while (!signal.aborted);
    return EXIT.ok;
  },
};

async function runScreen(invocation: Invocation, everyMs: number): Promise<ExitCode> {
  const { output, client, signal } = invocation;
  const { stdout, style } = output;
  const draw = (text: string): void => {
    const lines = text.split("\n").map((line) => line + CLEAR_TO_END_OF_LINE);
    stdout.write(HOME + lines.join("\n") + CLEAR_BELOW);
  };
  let before: MeshReading | null = null;
  stdout.write(ENTER_SCREEN);
  try {
    while (!signal.aborted) {
      try {
        const reading = await readMesh(client, signal);
        const help = style.dim(`every ${everyMs / 1000} s; Ctrl-C ends it`);
        draw(`${renderMesh(reading, before, style, (stdout.rows ?? 24) - 2)}\n${help}`);
        before = reading;
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        // It is most wanted when something is wrong: stay, and say so.
        draw(style.red(error.message));
      }
      await sleep(everyMs, undefined, { signal });
    }
    return EXIT.ok;
  } catch (error) {
    if (signal.aborted) return EXIT.ok;
    throw error;
  } finally {
    stdout.write(LEAVE_SCREEN);
  }
}
