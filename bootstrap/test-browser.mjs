/**
 * `npm run test:browser`: drives the operators' page in Chromium, after doing its own set-up. CHROMIUM names another
 * browser of its kind. Arguments after `--` go to vitest. The last line is `N passed, N failed`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureChromium } from "./chromium.mjs";
import { ensureDependencies } from "./dependencies.mjs";
import { isDockerThere } from "./docker-engine.mjs";
import { findNode24 } from "./node-24.mjs";
import { say, secondsSince } from "./progress.mjs";
import { ensureRedisBinary, findRedisBinary } from "./redis-binary.mjs";
import { runVisibly } from "./run-command.mjs";
import { describeFailure } from "./setup-failure.mjs";
import { readTestCounts } from "./test-counts.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "orchestrator-test-browser-"));
const reportFile = join(folder, "report.json");
const startedAt = performance.now();

let exitCode = 1;
try {
  exitCode = await runBrowserTests(process.env, process.argv.slice(2));
} catch (error) {
  process.stderr.write(`\nnpm run test:browser: ${describeFailure(error)}\n`);
}
const { passed, failed } = readTestCounts(reportFile);
rmSync(folder, { recursive: true, force: true });
say(`\nBrowser tests ended with exit code ${exitCode} after ${secondsSince(startedAt)}`);
say(`${passed} passed, ${exitCode === 0 ? failed : Math.max(1, failed)} failed`);
process.exit(exitCode);

async function runBrowserTests(env, vitestArgs) {
  await ensureDependencies({ root, env });
  const node24 = await findNode24({ root });
  const chromium = await ensureChromium({ env });
  const redis = (await isDockerThere({ env }))
    ? await findRedisBinary({ env })
    : await ensureRedisBinary({ env });
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  const args = [vitest, "run", "--project", "browser", ...reporters, ...vitestArgs];
  const { NODE_ENV: _, ...testEnv } = env;
  return await runVisibly(node24, args, {
    cwd: root,
    env: {
      ...testEnv,
      CHROMIUM: chromium,
      ...(redis !== null && { REDIS_SERVER_BINARY: redis }),
    },
  });
}
