import { expect, test } from "vitest";
import { submitAsync } from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

/** SHUTDOWN_GRACE of the tests (0.5 s) and the 5 s that closing may take beyond it, with slack for a busy machine. */
const STOPPED_WITHIN_MS = 15_000;

test("a worker under load whose Redis hangs ends in time all the same, and says what it gave up on", async () => {
  await using droplet = await startDroplet("yard", ["hang"]);
  await using redis = await startPrivateRedis();
  await using orchestrator = await startOrchestrator({ droplets: [droplet], redisUrl: redis.url });
  const { api, worker } = orchestrator;
  const task = { droplet_name: "yard", path: "/", method: "POST", timeout_ms: 120_000 };
  for (let n = 0; n < 20; n++) await submitAsync(api, task);
  await droplet.untilHanging(20);

  await redis.freeze();
  const { code, tookMs } = await worker.stop("SIGTERM", 3 * STOPPED_WITHIN_MS);
  await redis.thaw();
  expect(tookMs).toBeLessThan(STOPPED_WITHIN_MS);
  const givenUp = worker.logs.filter("closing.givenUp").map(({ what }) => what);
  expect(givenUp).toContain("consumers");
  // It got through its closing by itself, or was ended at the end of its grace naming what hung.
  const last = worker.logs.find("process.graceExceeded");
  if (last !== undefined) expect([last["hanging"], last["resources"]].flat()).not.toEqual([]);
  expect(code).toBe(last === undefined ? 0 : 1);
});
