import { readConfig } from "./config.ts";
import { startDemoMesh } from "./demo-mesh.ts";

try {
  const stop = stopRequested();
  await using mesh = await startDemoMesh(readConfig(process.env));
  process.stdout.write(`demo: listening at ${mesh.endpoints.join(" ")}\n`);
  await stop;
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve());
  });
}
