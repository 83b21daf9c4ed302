import type { AddressPolicy } from "@orchestrator/core";
import {
  Consumers,
  findGivenUpJobs,
  JobCalls,
  readBusyDroplets,
  type Store,
} from "@orchestrator/queue";
import {
  closeWithin,
  logSeldom,
  periodically,
  type Logger,
  type Tracing,
} from "@orchestrator/runtime";
import { followCancellations } from "./attempt/follow-cancellations.ts";
import { CircuitReporter } from "./attempt/circuit-reporter.ts";
import { createDropletAgent } from "./attempt/guarded-connector.ts";
import { RunningAttempts } from "./attempt/running-attempts.ts";
import type { AttemptObserver } from "./metrics/attempt-metrics.ts";
import { endGivenUp, performTask, type TaskSurroundings } from "./perform-task.ts";

/** The list is followed at once; droplets that only a waiting task remembers are looked for this often. */
const FOLLOW_MS = 2000;

/** How often consumers that stopped fetching, and jobs that were overlooked, are looked for. */
const WATCH_MS = 5000;

/** How often jobs that BullMQ gave up on are looked for, should nobody have heard of it. */
const GIVEN_UP_MS = 10_000;

/** Handing back takes Redis: while that is away, tasks are found by their locks that end. */
const HAND_BACK_WITHIN_MS = 2000;

/** Cutting connections needs nobody's consent. */
const AGENT_WITHIN_MS = 500;

export interface ConsumingOptions {
  store: Store;
  workerId: string;
  observe: AttemptObserver;
  tracing: Tracing | null;
  version: string;
  policy: AddressPolicy;
  concurrency: number;
  responseBytesMax: number;
  /** How long running attempts may go on when we close. */
  graceMs: number;
  log: Logger;
}

export interface Consuming extends AsyncDisposable {
  consumers: Consumers;
  running: RunningAttempts;
}

/** Consumes every droplet's queue until closed; then finishes what runs, and hands back what takes too long. */
export async function startConsuming(options: ConsumingOptions): Promise<Consuming> {
  const { store, workerId, observe, tracing, policy, responseBytesMax, version, log } = options;
  await using opened = new AsyncDisposableStack();
  const agent = opened.adopt(createDropletAgent(policy), async (one) => {
    await closeWithin(AGENT_WITHIN_MS, "connections", async () => await one.destroy(), log);
  });
  const running = new RunningAttempts();
  const circuits = opened.use(new CircuitReporter(store.switchboard, workerId, log));
  opened.use(followCancellations(store, running, log));
  const { ledger, directory } = store;
  const around: TaskSurroundings = {
    agent,
    directory,
    policy,
    running,
    responseBytesMax,
    version,
    ledger,
    circuits,
    observe,
    tracing,
    workerId,
    log,
  };
  const consumers = openConsumers(options, await JobCalls.open(store), around);
  opened.defer(async () => {
    const timer = setTimeout(() => running.stopAll(), options.graceMs);
    const withinMs = options.graceMs + HAND_BACK_WITHIN_MS;
    await closeWithin(withinMs, "consumers", async () => await consumers.close(), log);
    clearTimeout(timer);
  });
  opened.use(await followDroplets(consumers, store, log));
  const watch = async (): Promise<void> => await consumers.rebuildWedged(Date.now());
  opened.use(periodically(WATCH_MS, watch, { log, name: "wedge-watchdog" }));
  const takeOverdue = async (): Promise<void> => await consumers.takeOverdue(Date.now());
  opened.use(periodically(WATCH_MS, takeOverdue, { log, name: "overdue-jobs" }));
  const endGivenUpJobs = async (): Promise<void> => {
    for (const data of await findGivenUpJobs(store)) await endGivenUp(data, around);
  };
  opened.use(periodically(GIVEN_UP_MS, endGivenUpJobs, { log, name: "given-up-jobs" }));
  const closing = opened.move();
  return { consumers, running, [Symbol.asyncDispose]: async () => await closing.disposeAsync() };
}

function openConsumers(
  { store, concurrency, observe, log }: ConsumingOptions,
  calls: JobCalls,
  around: TaskSurroundings,
): Consumers {
  const { redis, bullMqRedis, keys } = store;
  return new Consumers({
    redis,
    bullMqRedis,
    keys,
    calls,
    take: async (look) => await store.turns.take(look),
    concurrency,
    perform: async (data, held) => await performTask(data, held, around),
    onGivenUp: async (data) => await endGivenUp(data, around),
    onRebuilt: (queue) => {
      observe.consumerRebuilt();
      log.error({ event: "consumer.rebuilt", queue }, "it had stopped fetching");
    },
    onError: logSeldom((line) => log.warn(line), "consumer.failed"),
  });
}

/** Consumers follow the list and, so that a vanished droplet strands nothing, whatever still has tasks. */
async function followDroplets(
  consumers: Consumers,
  { redis, keys, directory, switchboard }: Store,
  log: Logger,
): Promise<AsyncDisposable> {
  const follow = async (): Promise<void> => {
    const busy = await readBusyDroplets(redis, keys);
    const wanted = [...directory.droplets.map(({ name }) => name), ...busy];
    // Not a task is taken before its queue has the limits it should have.
    await switchboard.ensure(wanted);
    consumers.follow(wanted);
  };
  await follow();
  directory.onChange(() => {
    follow().catch((error: unknown) => log.warn({ event: "following.failed", err: error }));
  });
  return periodically(FOLLOW_MS, follow, { log, name: "follow-droplets" });
}
