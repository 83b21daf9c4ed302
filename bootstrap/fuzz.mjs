/**
 * `npm run fuzz`: 20,000 generated requests and damaged bytes are thrown at a running service. `-- --requests 2000`
 * for another number, `-- --seed 7` to repeat a run. Does its own set-up.
 */
import { parseArgs } from "node:util";
import { ensureRedisBinary } from "./redis-binary.mjs";
import { runVitestSuite } from "./vitest-suite.mjs";

await runVitestSuite({
  command: "npm run fuzz",
  project: "fuzz",
  env: process.env,
  readSettings: () => {
    const { values } = parseArgs({
      options: { requests: { type: "string" }, seed: { type: "string" } },
    });
    return { FUZZ_REQUESTS: values.requests, FUZZ_SEED: values.seed };
  },
  // A server of its own: what is thrown in leaves thousands of tasks behind.
  provide: async ({ env }) => ({
    NO_DOCKER: "1",
    REDIS_SERVER_BINARY: await ensureRedisBinary({ env }),
  }),
});
