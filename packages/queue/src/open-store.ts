import { setTimeout } from "node:timers/promises";
import type { Redis } from "ioredis";
import { AuditLog } from "./audit/audit-log.ts";
import { TaskClaims } from "./claims/task-claims.ts";
import { DispatchQueues } from "./dispatch/dispatch-queues.ts";
import { DropletDirectory, type DropletDirectoryOptions } from "./droplets/droplet-directory.ts";
import { DropletListCache } from "./droplets/droplet-list-cache.ts";
import { Heartbeats } from "./droplets/heartbeats.ts";
import { SnapshotFile } from "./droplets/snapshot-file.ts";
import type { EventFeed } from "./events/event-feed.ts";
import { openEventFeed } from "./events/open-event-feed.ts";
import { TaskHistory } from "./history/task-history.ts";
import { MetricsStore } from "./metrics/metrics-store.ts";
import { ReceivedMessages } from "./messages/received-messages.ts";
import { BodyBudget, type BodyLimits } from "./records/body-budget.ts";
import { TaskRecords } from "./records/task-records.ts";
import { connect, PATIENT, untilReady, type Manners } from "./redis/connect.ts";
import { Keys } from "./redis/keys.ts";
import { Subscriptions } from "./redis/subscriptions.ts";
import { SettingsStore } from "./settings/shared-settings.ts";
import { DropletSwitchboard } from "./switches/droplet-switchboard.ts";
import { SwitchStore } from "./switches/switch-store.ts";
import { TaskLedger } from "./task-ledger.ts";
import { WorkerPresence } from "./workers/worker-presence.ts";

/** A process that answers callers gives Redis this long to be there at its start, then starts without. */
const CONNECT_GRACE_MS = 1000;

export interface StoreOptions {
  redisUrl: string;
  keyPrefix: string;
  /** Whose connections these are, for CLIENT LIST. */
  name: string;
  /** FAILING_FAST for a process that answers callers, PATIENT for one that works. */
  manners: Manners;
  bodyLimits: BodyLimits;
  registryUrl: string;
  registryCacheExpiryMs: number;
  registryCacheDir: string;
  /** Connection trouble and failed background work; all of it heals by itself. */
  onError: (error: unknown) => void;
  /** Gives up waiting for Redis; `openStore` then rejects with its reason. */
  signal?: AbortSignal;
}

/** Everything of ours in Redis, opened. Closing it closes its connections. */
export interface Store extends AsyncDisposable {
  redis: Redis;
  bullMqRedis: Redis;
  subscriptions: Subscriptions;
  keys: Keys;
  ledger: TaskLedger;
  queues: DispatchQueues;
  claims: TaskClaims;
  switchboard: DropletSwitchboard;
  /** What the newest worker was configured with. */
  settings: SettingsStore;
  messages: ReceivedMessages;
  /** What operators did. */
  audit: AuditLog;
  heartbeats: Heartbeats;
  dropletListCache: DropletListCache;
  snapshot: SnapshotFile;
  directory: DropletDirectory;
  presence: WorkerPresence;
  /** What happens to tasks, as it happens. */
  events: EventFeed;
  metrics: MetricsStore;
}

/**
 * Opens connections and what stands on them. With FAILING_FAST it resolves even while Redis is away and
 * everything works once Redis is there; with PATIENT it waits for Redis.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { onError } = options;
  const { redis, bullMqRedis, subscriber } = await openConnections(options);

  const keys = new Keys(options.keyPrefix);
  const subscriptions = new Subscriptions(subscriber);
  const bodies = new BodyBudget(redis, keys, options.bodyLimits);
  const records = new TaskRecords(redis, keys, bodies.keepMs);
  const history = new TaskHistory(redis, keys);
  const claims = new TaskClaims(redis, keys);
  const queues = new DispatchQueues({ redis, bullMqRedis }, keys, onError);
  const dropletListCache = new DropletListCache(redis, keys);
  const snapshot = new SnapshotFile(options.registryCacheDir);
  const settings = new SettingsStore(redis, keys);
  const store = new SwitchStore(redis, keys);
  const around = { redis, keys, queues, subscriptions, onError };
  const switchboard = new DropletSwitchboard({ ...around, store, settings });
  await switchboard.reload().catch(onError);
  const events = openEventFeed(redis, keys, options);
  return {
    redis,
    bullMqRedis,
    subscriptions,
    keys,
    ledger: new TaskLedger({ records, history, bodies, claims, queues, onError }),
    switchboard,
    settings,
    claims,
    queues,
    audit: new AuditLog(redis, keys),
    messages: new ReceivedMessages(redis, keys),
    heartbeats: new Heartbeats(redis, keys),
    dropletListCache,
    snapshot,
    directory: await openDirectory(options, {
      cache: dropletListCache,
      subscriptions,
      keys,
      snapshot,
    }),
    presence: new WorkerPresence(redis, keys),
    events,
    metrics: new MetricsStore(redis, keys),
    async [Symbol.asyncDispose]() {
      await events.close();
      await queues.close();
      for (const connection of [redis, bullMqRedis, subscriber]) connection.disconnect();
    },
  };
}

async function openDirectory(
  { registryUrl, registryCacheExpiryMs, onError }: StoreOptions,
  parts: Pick<DropletDirectoryOptions, "cache" | "subscriptions" | "keys" | "snapshot">,
): Promise<DropletDirectory> {
  const expiryMs = registryCacheExpiryMs;
  return await DropletDirectory.open({ ...parts, registryUrl, expiryMs, onError });
}

async function openConnections(options: StoreOptions) {
  const { redisUrl: url, name, manners, onError, signal } = options;
  const redis = connect({ url, name, onError }, pipelined(manners));
  const bullMqRedis = connect({ url, name: `${name}-bullmq`, onError }, manners);
  const subscriber = connect({ url, name: `${name}-subscriber`, onError }, PATIENT);
  const all = [redis, bullMqRedis, subscriber];
  const connected = Promise.all(all.map(untilReady));
  const grace = manners === PATIENT ? untilAborted(signal) : setTimeout(CONNECT_GRACE_MS);
  await Promise.race([connected, grace]);
  if (signal?.aborted) {
    for (const connection of all) connection.disconnect();
    throw signal.reason;
  }
  return { redis, bullMqRedis, subscriber };
}

/** In the automatic pipeline a command may first wait for the one before it to time out: half for each. */
function pipelined(manners: Manners): Manners {
  const { commandTimeout } = manners;
  return {
    ...manners,
    enableAutoPipelining: true,
    ...(commandTimeout !== undefined && { commandTimeout: commandTimeout / 2 }),
  };
}

/** Resolves when it is; never without a signal. */
async function untilAborted(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
}
