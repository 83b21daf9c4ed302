/**
 * `npm run chaos`: 10 minutes of steady load while workers, APIs and Redis are killed, frozen and restarted at
 * random. `-- --seconds 60` for another length, `-- --seed 7` to repeat a run. Does its own set-up.
 */
import { parseArgs } from "node:util";
import { ensureRedisBinary } from "./redis-binary.mjs";
import { runVitestSuite } from "./vitest-suite.mjs";

await runVitestSuite({
  command: "npm run chaos",
  project: "chaos",
  env: process.env,
  readSettings: () => {
    const { values } = parseArgs({
      options: { seconds: { type: "string" }, seed: { type: "string" } },
    });
    return { CHAOS_SECONDS: values.seconds, CHAOS_SEED: values.seed };
  },
  // Redis is killed and started again on its data: that takes a server of our own, not a container.
  provide: async ({ env }) => ({
    NO_DOCKER: "1",
    REDIS_SERVER_BINARY: await ensureRedisBinary({ env }),
  }),
});
