/**
 * `npm run test:system`: builds the images and tries them in containers, after doing its own set-up. Where no Docker
 * engine answers, its tests are skipped and say so. Arguments after `--` go to vitest. The last line is
 * `N passed, N failed`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureDependencies } from "./dependencies.mjs";
import { findNode24 } from "./node-24.mjs";
import { say, secondsSince } from "./progress.mjs";
import { runVisibly } from "./run-command.mjs";
import { describeFailure } from "./setup-failure.mjs";
import { readTestCounts } from "./test-counts.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "orchestrator-test-system-"));
const reportFile = join(folder, "report.json");
const startedAt = performance.now();

let exitCode = 1;
try {
  exitCode = await runSystemTests(process.env, process.argv.slice(2));
} catch (error) {
  process.stderr.write(`\nnpm run test:system: ${describeFailure(error)}\n`);
}
const { passed, failed, skipped } = readTestCounts(reportFile);
rmSync(folder, { recursive: true, force: true });
say(`\nSystem tests ended with exit code ${exitCode} after ${secondsSince(startedAt)}`);
if (skipped > 0) say(`${skipped} skipped`);
say(`${passed} passed, ${failed} failed`);
process.exit(exitCode);

async function runSystemTests(env, vitestArgs) {
  await ensureDependencies({ root, env });
  const node24 = await findNode24({ root });
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  // Skipped tests by name: how many there are says little, which ones says all.
  const reporters = ["--reporter=tree", "--reporter=json", `--outputFile.json=${reportFile}`];
  const args = [vitest, "run", "--project", "system", ...reporters, ...vitestArgs];
  const { NODE_ENV: _, ...testEnv } = env;
  return await runVisibly(node24, args, { cwd: root, env: testEnv });
}
