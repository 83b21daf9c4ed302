/**
 * `npm run bench`: ours beside the naive reference, in alternating rounds. `-- --quick` for one short round of each
 * scenario. Does its own set-up; closes with the ratios.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureDependencies } from "./dependencies.mjs";
import { findNode24 } from "./node-24.mjs";
import { ensureRedisBinary } from "./redis-binary.mjs";
import { runVisibly } from "./run-command.mjs";
import { describeFailure } from "./setup-failure.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
try {
  const env = { ...process.env };
  await ensureDependencies({ root, env });
  const node24 = await findNode24({ root });
  env.REDIS_SERVER_BINARY = await ensureRedisBinary({ env });
  const args = [join(root, "benchmarks", "bench.ts"), ...process.argv.slice(2)];
  process.exitCode = await runVisibly(node24, args, { cwd: root, env });
} catch (error) {
  process.stderr.write(`\nnpm run bench: ${describeFailure(error)}\n`);
  process.exitCode = 1;
}
