import root from "../../../package.json" with { type: "json" };
import { EXIT } from "./exit-codes.ts";
import { runCli } from "./run-cli.ts";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // The second one ends us as it would have without us.
  process.once(signal, () => stop.abort());
}
// `orchestrator list | head`: whoever has read enough is no mistake of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  throw error;
});

try {
  process.exitCode = await runCli({
    args: process.argv.slice(2),
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stop.signal,
    version: root.version,
  });
} catch (error) {
  process.stderr.write(
    `orchestrator: a bug of ours: ${error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exitCode = EXIT.bug;
}
