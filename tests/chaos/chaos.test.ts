import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startPrivateRedis } from "../support/private-redis.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { keepSubmitting, newBook } from "./caller.ts";
import { startCountingDroplet, type Deliveries } from "./counting-droplet.ts";
import { keepBreaking } from "./faults.ts";
import { reckon } from "./reckoning.ts";
import { SeededRandom } from "./seeded-random.ts";

const SECONDS = Number(process.env["CHAOS_SECONDS"] ?? 600);
const SEED = Number(process.env["CHAOS_SEED"] ?? Date.now() % 2 ** 31);
const CALLERS = 6;
const NAMES = ["alpha", "beta", "gamma"];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

test(
  "nothing accepted is lost or stuck while workers, APIs and Redis are killed, frozen and restarted",
  { timeout: (SECONDS + 400) * 1000 },
  async () => {
    say(`seed: ${SEED}, ${SECONDS} s`);
    const random = new SeededRandom(SEED);
    const deliveries: Deliveries = new Map();
    await using opened = new AsyncDisposableStack();
    const redis = opened.use(await startPrivateRedis({ isDurable: true }));
    const droplets = await Promise.all(
      NAMES.map(async (name) => await startCountingDroplet(name, deliveries, random)),
    );
    for (const droplet of droplets) opened.use(droplet);
    const orchestrator = opened.use(
      await startOrchestrator({
        droplets,
        apis: 2,
        workers: 3,
        redisUrl: redis.url,
        env: { REGISTRY_SYNC_INTERVAL: "5" },
        workerEnv: { TASK_MAX_HISTORY: "10000000", SHUTDOWN_GRACE: "1" },
      }),
    );

    const book = newBook();
    const { apis, workers } = orchestrator;
    const stop = new AbortController();
    const callers = Array.from(
      { length: CALLERS },
      async () =>
        await keepSubmitting({ apis, droplets: NAMES, book, random, signal: stop.signal }),
    );
    const breaking = keepBreaking({ apis, workers, redis }, random, stop.signal, say);
    await Promise.race([breaking, sleep(SECONDS * 1000)]);
    stop.abort();
    const happened = await breaking;
    await Promise.all(callers);
    await Promise.all([...apis, ...workers].map(async (service) => await service.untilReady()));

    const reckoning = await reckon(orchestrator.api, book, deliveries);
    for (const [name, times] of happened) say(`${name}: ${times}`);
    for (const [name, number] of reckoning.lines) say(`${name}: ${number}`);
    const { lines: _, ...mustBeZero } = reckoning;
    expect(mustBeZero).toEqual({
      lost: 0,
      stuck: 0,
      doubledAtMostOnce: 0,
      successNeverDelivered: 0,
      endChanged: 0,
    });
    expect(book.accepted.size).toBeGreaterThan(0);
  },
);
