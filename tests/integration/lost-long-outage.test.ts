import { expect, test } from "vitest";
import { submit, submitAndWait, submitAsync, untilEnded } from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { startOrchestrator, untilKnown } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";
import { Service } from "../support/service.ts";

const task = { droplet_name: "pier", path: "/", method: "POST" };
const GONE_FOR_MS = 60_000;
const TASKS = 20;
const RECOVERED = { timeoutMs: 45_000, everyMs: 200 };

test(
  "Redis gone for a minute: what was accepted ends, callers were answered, no process restarted, and those started meanwhile work",
  { timeout: 240_000 },
  async () => {
    await using droplet = await startDroplet("pier", ["hang"]);
    await using redis = await startPrivateRedis({ isDurable: true });
    await using orchestrator = await startOrchestrator({
      droplets: [droplet],
      redisUrl: redis.url,
    });
    const { api, worker } = orchestrator;
    const pids = [api.pid, worker.pid];
    const accepted = await Promise.all(
      Array.from(
        { length: TASKS },
        async (_, n) =>
          await submitAsync(api, {
            ...task,
            timeout_ms: 300_000,
            attempt_timeout_ms: 200_000,
            delay_ms: n % 2 === 0 ? 0 : 20_000,
          }),
      ),
    );
    await droplet.untilHanging(TASKS / 2);
    const waiting = submit(api, task, { wait: 20 });
    await droplet.untilHanging(TASKS / 2 + 1);

    await redis.stop();
    const goneAt = performance.now();
    const env = {
      HOST: "127.0.0.1",
      PORT: "0",
      WORKER_PORT: "0",
      REDIS_URL: redis.url,
      KEY_PREFIX: orchestrator.keyPrefix,
      REGISTRY_URL: orchestrator.registry.url,
      REGISTRY_CACHE_DIR: orchestrator.cacheDir,
      REGISTRY_SYNC_INTERVAL: "0.5",
      SHUTDOWN_GRACE: "0.5",
    };
    await using started = new AsyncDisposableStack();
    const [lateApi, lateWorker] = (["api", "worker"] as const).map((app) =>
      started.adopt(new Service({ name: `${app}-late`, app, env }), async (one) => {
        await one.stop();
      }),
    );
    if (lateApi === undefined || lateWorker === undefined) throw new Error("not made");
    await Promise.all([lateApi.start(), lateWorker.start()]);
    // The outcome comes while nothing can be written down.
    await droplet.release({ json: "meanwhile" });
    droplet.on("/", [{ json: "after" }]);
    const answer = await waiting;
    expect([200, 202], answer.text).toContain(answer.status);
    let refused = 0;
    await waitFor(
      "the minute to be over",
      async () => {
        const { status, tookMs } = await submit(api, task);
        expect([status, tookMs < 6000]).toEqual([503, true]);
        refused++;
        return performance.now() - goneAt > GONE_FOR_MS;
      },
      { timeoutMs: 2 * GONE_FOR_MS, everyMs: 2000 },
    );
    await redis.start();
    const backAt = performance.now();
    const ids = accepted.map(({ task_id }) => task_id);
    await api.untilReady(RECOVERED);
    const ended = await Promise.all(ids.map(async (id) => await untilEnded(api, id, 60_000)));
    const endedInMs = performance.now() - backAt;
    await Promise.all([lateApi.untilReady(RECOVERED), lateWorker.untilReady(RECOVERED)]);
    await untilKnown(lateApi, ["pier"]);
    expect([api.pid, worker.pid], "neither process was restarted").toEqual(pids);
    const more = ids.filter((id) => droplet.callsOf(id).length > 1).length;

    await worker.stop();
    expect((await submitAndWait(lateApi, task)).status, "those started meanwhile").toBe("success");
    process.stdout.write(
      `Redis gone for ${GONE_FOR_MS / 1000} s: ${refused} callers refused in time, ${ended.length} of ${TASKS} accepted tasks ` +
        `ended ${Math.round(endedInMs)} ms after it was back, ${more} sent more than once, ` +
        `the waiting caller got ${answer.status}\n`,
    );
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(["success"]));
  },
);
