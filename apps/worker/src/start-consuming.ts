import type { AddressPolicy } from "@orchestrator/core";
import { Consumers, readBusyDroplets, type Store } from "@orchestrator/queue";
import { periodically, type Logger } from "@orchestrator/runtime";
import { followCancellations } from "./attempt/follow-cancellations.ts";
import { CircuitReporter } from "./attempt/circuit-reporter.ts";
import { createDropletAgent } from "./attempt/guarded-connector.ts";
import { RunningAttempts } from "./attempt/running-attempts.ts";
import { endGivenUp, performTask } from "./perform-task.ts";

/** The list is followed at once; droplets that only a waiting task remembers are looked for this often. */
const FOLLOW_MS = 2000;

export interface ConsumingOptions {
  store: Store;
  workerId: string;
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
  const { store, workerId, version, policy, log } = options;
  const { ledger, directory, keys, redis } = store;
  const agent = createDropletAgent(policy);
  const running = new RunningAttempts();
  const circuits = new CircuitReporter(store.switchboard, workerId, log);
  const { responseBytesMax } = options;
  const around = {
    agent,
    directory,
    policy,
    running,
    responseBytesMax,
    version,
    ledger,
    circuits,
    workerId,
    log,
  };
  const consumers = new Consumers({
    redis: store.bullMqRedis,
    keys,
    concurrency: options.concurrency,
    perform: async (data) => await performTask(data, around),
    onGivenUp: async (data) => await endGivenUp(data, around),
    onError: (error) => log.warn({ event: "consumer.failed", err: error }),
  });

  const follow = async (): Promise<void> => {
    const busy = await readBusyDroplets(redis, keys);
    consumers.follow([...directory.droplets.map(({ name }) => name), ...busy]);
  };
  await follow();
  const following = periodically(FOLLOW_MS, follow, { log, name: "follow-droplets" });
  directory.onChange(() => void follow().catch((error: unknown) => log.warn({ err: error })));

  const cancellations = followCancellations(store, running, log);

  return {
    consumers,
    running,
    async [Symbol.asyncDispose]() {
      await following.stop();
      const timer = setTimeout(() => running.stopAll(), options.graceMs);
      await consumers.close();
      clearTimeout(timer);
      await cancellations[Symbol.asyncDispose]();
      await circuits[Symbol.asyncDispose]();
      await agent.destroy();
    },
  };
}
