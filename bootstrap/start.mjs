/**
 * `npm start`: from an empty machine to a running Orchestrator, in the order in which it is told in `bringUp`, and
 * back to an empty machine on Ctrl-C. Plain JavaScript without dependencies, because it runs on the Node 20 that is
 * there and installs the rest.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createChildren } from "./children.mjs";
import { ensureDependencies } from "./dependencies.mjs";
import { stopLeftovers } from "./leftovers.mjs";
import { waitUntilMeshIsReady } from "./mesh-readiness.mjs";
import { findNode24 } from "./node-24.mjs";
import { outliveOurTerminal, say, secondsSince, step } from "./progress.mjs";
import { provideRedis } from "./redis-server.mjs";
import { describeFailure } from "./setup-failure.mjs";
import { childEnvironment, readStartSettings, refuseTakenStartPorts } from "./start-settings.mjs";
import { listenForStop, StopRequested } from "./stop-requests.mjs";
import { welcome } from "./welcome.mjs";

const GRACE_MS = 10_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dataFolder = join(root, ".data");
const children = createChildren({
  logFolder: join(dataFolder, "logs"),
  runFolder: join(dataFolder, "run"),
});
// Even the impatient want their data: Redis is never killed before it was asked to save.
const stopSignal = listenForStop({
  env: process.env,
  onImpatience: () => children.killAllBut(["redis"]),
});
const signal = AbortSignal.any([stopSignal, children.deathSignal]);

outliveOurTerminal();
let exitCode = 0;
try {
  loadDotEnv();
  await bringUp(process.env);
  await aborted(signal);
} catch (error) {
  if (!(error instanceof StopRequested) && !stopSignal.aborted) {
    exitCode = 1;
    process.stderr.write(`\nnpm start: ${describeFailure(error)}\n`);
  }
}
await takeDown();
process.exit(exitCode);

async function bringUp(env) {
  const startedAt = performance.now();
  const settings = await readStartSettings(env, root);
  await stopLeftovers(settings.runFolder);
  await refuseTakenStartPorts(settings);
  await ensureDependencies({ root, env, signal });
  const node24 = await findNode24({ root });
  const redis = await provideRedis({ settings, children, env, signal });

  const appEnv = childEnvironment({ settings, redisUrl: redis.url, env });
  const startApp = (name) => {
    const script = join(root, "apps", name, "src", "main.ts");
    return children.start({ name, command: node24, args: [script], cwd: root, env: appEnv });
  };
  if (settings.demo !== null) await startApp("demo");
  await Promise.all(["api", "worker"].map(startApp));
  await waitUntilMeshIsReady({ settings, signal });
  say(welcome({ settings, redisDescription: redis.description, took: secondsSince(startedAt) }));
}

/** In the reverse order of need: whoever still finishes a task has a droplet to call and a Redis to write to. */
async function takeDown() {
  if (!children.hasAny()) return;
  await step("Stopping the API and the worker", () => children.stop(["api", "worker"], GRACE_MS));
  await step("Stopping the demo and Redis", async () => {
    await children.stop(["demo"], GRACE_MS / 2);
    await children.stop(["redis"], GRACE_MS);
  });
  say("- All stopped");
}

function loadDotEnv() {
  const file = join(root, ".env");
  if (!existsSync(file)) return;
  if (process.loadEnvFile) return process.loadEnvFile(file);
  say(`- .env is not read: this is Node.js ${process.version}, and that needs 20.12`);
}

function aborted(abortSignal) {
  return new Promise((_resolve, reject) => {
    // A promise and a signal's listener keep no process alive.
    const stayAlive = setInterval(() => {}, 1_000_000);
    const end = () => {
      clearInterval(stayAlive);
      reject(abortSignal.reason);
    };
    if (abortSignal.aborted) end();
    else abortSignal.addEventListener("abort", end, { once: true });
  });
}
