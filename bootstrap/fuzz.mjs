/**
 * `npm run fuzz`: 20,000 generated requests and damaged bytes are thrown at a running service. `-- --requests 2000`
 * for another number, `-- --seed 7` to repeat a run. Does its own set-up. The last line
 * is `N passed, N failed`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ensureDependencies } from "./dependencies.mjs";
import { findNode24 } from "./node-24.mjs";
import { say } from "./progress.mjs";
import { ensureRedisBinary } from "./redis-binary.mjs";
import { runVisibly } from "./run-command.mjs";
import { describeFailure } from "./setup-failure.mjs";
import { readTestCounts } from "./test-counts.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "orchestrator-fuzz-"));
const reportFile = join(folder, "report.json");

let exitCode = 1;
try {
  const { values } = parseArgs({
    options: { requests: { type: "string" }, seed: { type: "string" } },
  });
  exitCode = await runFuzz(process.env, values);
} catch (error) {
  process.stderr.write(`\nnpm run fuzz: ${describeFailure(error)}\n`);
}
const { passed, failed } = readTestCounts(reportFile);
rmSync(folder, { recursive: true, force: true });
say(`${passed} passed, ${exitCode === 0 ? failed : Math.max(1, failed)} failed`);
process.exit(exitCode);

async function runFuzz(env, { requests, seed }) {
  await ensureDependencies({ root, env });
  const node24 = await findNode24({ root });
  // A server of its own: what is thrown in leaves thousands of tasks behind.
  const binary = await ensureRedisBinary({ env });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const { NODE_ENV: _, ...testEnv } = env;
  return await runVisibly(node24, [vitest, "run", "--project", "fuzz", ...reporters], {
    cwd: root,
    env: {
      ...testEnv,
      NO_DOCKER: "1",
      REDIS_SERVER_BINARY: binary,
      ...(requests !== undefined && { FUZZ_REQUESTS: requests }),
      ...(seed !== undefined && { FUZZ_SEED: seed }),
    },
  });
}
