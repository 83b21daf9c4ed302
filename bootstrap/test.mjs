/**
 * `npm test`: does its own set-up on an empty machine, then check, unit tests and integration tests, in that order, and
 * stops at the first that fails. Arguments after `npm test --` go to vitest. The last line is `N passed, N failed`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureDependencies } from "./dependencies.mjs";
import { isDockerThere } from "./docker-engine.mjs";
import { findNode24 } from "./node-24.mjs";
import { say, secondsSince } from "./progress.mjs";
import { ensureRedisBinary, findRedisBinary } from "./redis-binary.mjs";
import { npmCommand, runVisibly } from "./run-command.mjs";
import { describeFailure } from "./setup-failure.mjs";
import { readTestCounts } from "./test-counts.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const startedAt = performance.now();
const counts = { passed: 0, failed: 0, skipped: 0 };
const durations = [];

let exitCode = 1;
try {
  exitCode = await runEverything(process.env, process.argv.slice(2));
} catch (error) {
  process.stderr.write(`\nnpm test: ${describeFailure(error)}\n`);
}
const verdict = exitCode === 0 ? "All steps passed" : `Failed with exit code ${exitCode}`;
say(`\n${verdict} after ${secondsSince(startedAt)} (${durations.join(", ") || "no step was run"})`);
if (counts.skipped > 0) say(`${counts.skipped} skipped`);
say(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(exitCode);

async function runEverything(env, vitestArgs) {
  await ensureDependencies({ root, env });
  const node24 = await findNode24({ root });
  const testEnv = { ...env, ...(await redisForTests(env)) };
  // Tools started by name shall find Node 24 first; a NODE_ENV=production of the user's is not meant for tests.
  testEnv.PATH = [join(root, "node_modules", ".bin"), env.PATH].join(delimiter);
  delete testEnv.NODE_ENV;

  const npm = npmCommand(env);
  const steps = {
    check: () => run(npm.command, [...npm.args, "run", "--silent", "check"], testEnv),
    "unit tests": () => runVitest("unit", { node24, vitestArgs, testEnv }),
    "integration tests": () => runVitest("integration", { node24, vitestArgs, testEnv }),
  };
  for (const [name, work] of Object.entries(steps)) {
    const code = await timed(name, work);
    if (code !== 0) return code;
  }
  return 0;
}

async function timed(name, work) {
  say(`\n== ${name}`);
  const stepStartedAt = performance.now();
  const code = await work();
  const result = `${name} ${secondsSince(stepStartedAt)}`;
  durations.push(code === 0 ? result : `${result}, failed`);
  say(`== ${result}${code === 0 ? "" : `, failed with exit code ${code}`}`);
  return code;
}

/**
 * What `tests/support/redis.ts` gets to start a Redis with. Where a Docker engine answers, it uses testcontainers and a
 * redis-server is only handed on if there is one; nothing is installed for it.
 */
async function redisForTests(env) {
  if (env.TEST_REDIS_URL) return {};
  const binary = (await isDockerThere({ env }))
    ? await findRedisBinary({ env })
    : await ensureRedisBinary({ env });
  return binary === null ? {} : { REDIS_SERVER_BINARY: binary };
}

async function runVitest(project, { node24, vitestArgs, testEnv }) {
  const folder = mkdtempSync(join(tmpdir(), "orchestrator-test-"));
  const reportFile = join(folder, "report.json");
  // With a filter of the user's, one of the two projects may well have nothing to run.
  const leniency = vitestArgs.length > 0 ? ["--passWithNoTests"] : [];
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  // The rules are covered whole; what a filter leaves out would count as not covered.
  const coverage = project === "unit" && vitestArgs.length === 0 ? ["--coverage"] : [];
  const options = [...reporters, ...coverage, ...leniency, ...vitestArgs];
  const args = [vitest, "run", "--project", project, ...options];
  try {
    const code = await run(node24, args, testEnv);
    const { passed, failed, skipped } = readTestCounts(reportFile);
    counts.passed += passed;
    counts.failed += failed;
    counts.skipped += skipped;
    return code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(command, args, env) {
  return runVisibly(command, args, { cwd: root, env });
}
