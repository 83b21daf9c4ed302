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

/**
 * One suite beside those of `npm test`: does its own set-up, runs a project of vitest, ends the process with its exit
 * code. The last line is `N passed, N failed`; what broke without counting a failure counts as one.
 *
 * @param suite.command what the user typed, for messages
 * @param suite.project of `vitest.config.ts`
 * @param suite.env the environment this process was started with
 * @param suite.readSettings reads the user's arguments: what the tests get in their environment, undefined for what
 *   was not said. A throw is the user's mistake, and comes before any set-up
 * @param suite.provide what else the tests get, once the dependencies are there
 */
export async function runVitestSuite(suite) {
  const folder = mkdtempSync(join(tmpdir(), `orchestrator-${suite.project}-`));
  const reportFile = join(folder, "report.json");
  const startedAt = performance.now();
  let exitCode = 1;
  try {
    exitCode = await setUpAndRun({ ...suite, reportFile });
  } catch (error) {
    process.stderr.write(`\n${suite.command}: ${describeFailure(error)}\n`);
  }
  const { passed, failed, skipped } = readTestCounts(reportFile);
  rmSync(folder, { recursive: true, force: true });
  say(`\n${suite.command} ended with exit code ${exitCode} after ${secondsSince(startedAt)}`);
  if (skipped > 0) say(`${skipped} skipped`);
  say(`${passed} passed, ${exitCode === 0 ? failed : Math.max(1, failed)} failed`);
  process.exit(exitCode);
}

async function setUpAndRun({
  project,
  env,
  reportFile,
  reporter = "default",
  vitestArgs = [],
  readSettings = () => ({}),
  provide = async () => ({}),
}) {
  const said = Object.entries(readSettings()).filter(([, value]) => value !== undefined);
  await ensureDependencies({ root, env });
  const node24 = await findNode24({ root });
  const provided = await provide({ env });
  const reporters = [
    `--reporter=${reporter}`,
    "--reporter=json",
    `--outputFile.json=${reportFile}`,
  ];
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = [vitest, "run", "--project", project, ...reporters, ...vitestArgs];
  // A NODE_ENV=production of the user's is not meant for tests.
  const { NODE_ENV: _, ...testEnv } = env;
  return await runVisibly(node24, args, {
    cwd: root,
    env: { ...testEnv, ...provided, ...Object.fromEntries(said) },
  });
}
