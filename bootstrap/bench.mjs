/**
 * `npm run bench`: ours beside the naive reference, in alternating rounds. `-- --quick` for one short round of each
 * scenario. Does its own set-up; closes with the ratios. `npm run bench:isolation` is the same for isolation.ts.
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
  const [first, ...others] = process.argv.slice(2);
  const isIsolation = first === "isolation";
  const file = isIsolation ? "isolation.ts" : "bench.ts";
  const given = isIsolation ? others : process.argv.slice(2);
  const args = [join(root, "benchmarks", file), ...given];
  process.exitCode = await runVisibly(node24, args, { cwd: root, env });
} catch (error) {
  process.stderr.write(`\nnpm run bench: ${describeFailure(error)}\n`);
  process.exitCode = 1;
}
