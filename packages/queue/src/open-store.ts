import { setTimeout } from "node:timers/promises";
import type { Redis } from "./redis/redis.ts";
import { AuditLog } from "./audit/audit-log.ts";
import { TaskClaims } from "./claims/task-claims.ts";
import { DispatchQueues, type QueueConnections } from "./dispatch/dispatch-queues.ts";
import { DropletDirectory } from "./droplets/droplet-directory.ts";
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
import {
  connect,
  connectToOne,
  PATIENT,
  untilReady,
  type ConnectOptions,
  type Manners,
} from "./redis/connect.ts";
import { Keys } from "./redis/keys.ts";
import { scriptCommands } from "./redis/lua-script.ts";
import { readTlsFiles, type RedisTlsFiles } from "./redis/redis-tls.ts";
import { Subscriptions } from "./redis/subscriptions.ts";
import { SettingsStore } from "./settings/shared-settings.ts";
import { DropletSwitchboard } from "./switches/droplet-switchboard.ts";
import { SwitchStore } from "./switches/switch-store.ts";
import { TaskLedger } from "./task-ledger.ts";
import { JobTurns } from "./transitions/job-turns.ts";
import { TaskTransitions } from "./transitions/task-transitions.ts";
import { WorkerPresence } from "./workers/worker-presence.ts";

/** A process that answers callers gives Redis this long to be there at its start, then starts without. */
const CONNECT_GRACE_MS = 1000;

export interface StoreOptions {
  redisUrl: string;
  /** For a Redis with TLS whose CA the system does not know, or that asks for our certificate. */
  redisTls?: RedisTlsFiles;
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
  /** For consumers. */
  turns: JobTurns;
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
  const { onError, redisUrl: url, name } = options;
  const server = { url, tls: options.redisTls && readTlsFiles(options.redisTls), name, onError };
  const { redis, bullMqRedis, subscriber } = await openConnections(server, options);

  const keys = new Keys(options.keyPrefix);
  const subscriptions = new Subscriptions(subscriber);
  const tasks = openTasks({ redis, bullMqRedis }, keys, options);
  const { queues } = tasks;
  const store = new SwitchStore(redis, keys);
  const settings = new SettingsStore(redis, keys);
  const around = { redis, queues, subscriptions, keys, onError };
  const switchboard = new DropletSwitchboard({ store, settings, ...around });
  await switchboard.reload().catch(onError);
  const { unlisted } = tasks.ledger.history;
  const events = openEventFeed(redis, keys, { ...server, unlisted });
  return {
    redis,
    bullMqRedis,
    subscriptions,
    keys,
    ...tasks,
    switchboard,
    settings,
    audit: new AuditLog(redis, keys),
    messages: new ReceivedMessages(redis, keys),
    heartbeats: new Heartbeats(redis, keys),
    ...(await openDroplets(redis, keys, subscriptions, options)),
    presence: new WorkerPresence(redis, keys),
    events,
    metrics: new MetricsStore(redis, keys),
    async [Symbol.asyncDispose]() {
      await events.close();
      unlisted.close();
      await queues.close();
      for (const connection of [redis, bullMqRedis, subscriber]) connection.disconnect();
    },
  };
}

/** What becomes of tasks: their queues, and what is written down of them. */
function openTasks(
  connections: QueueConnections,
  keys: Keys,
  { bodyLimits, onError }: StoreOptions,
): Pick<Store, "ledger" | "turns" | "claims" | "queues"> {
  const { redis } = connections;
  const bodies = new BodyBudget(redis, keys, bodyLimits);
  const history = new TaskHistory(redis, keys);
  const { unlisted } = history;
  const records = new TaskRecords(redis, keys, { resultKeepMs: bodies.keepMs, unlisted });
  const queues = new DispatchQueues(connections, keys, onError);
  const transitions = new TaskTransitions({ ...connections, keys, records, history, queues });
  const { bullMqRedis } = connections;
  const turns = new JobTurns({ bullMqRedis, keys, records, history });
  const claims = new TaskClaims(redis, keys);
  const parts = { records, history, transitions, turns, bodies, claims, queues, onError };
  return { ledger: new TaskLedger(parts), turns, claims, queues };
}

/** Which droplets there are, from Redis or from disk. */
async function openDroplets(
  redis: Redis,
  keys: Keys,
  subscriptions: Subscriptions,
  options: StoreOptions,
): Promise<Pick<Store, "dropletListCache" | "snapshot" | "directory">> {
  const dropletListCache = new DropletListCache(redis, keys);
  const snapshot = new SnapshotFile(options.registryCacheDir);
  const directory = await DropletDirectory.open({
    cache: dropletListCache,
    subscriptions,
    keys,
    snapshot,
    registryUrl: options.registryUrl,
    expiryMs: options.registryCacheExpiryMs,
    onError: options.onError,
  });
  return { dropletListCache, snapshot, directory };
}

async function openConnections(server: ConnectOptions, { manners, signal }: StoreOptions) {
  const { name } = server;
  const redis = connect(server, pipelined(manners));
  const bullMqRedis = connect({ ...server, name: `${name}-bullmq` }, manners);
  const subscriber = connectToOne({ ...server, name: `${name}-subscriber` }, PATIENT);
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
    // A script of ours takes all tasks of a moment: what the pipeline would save it costs twice.
    autoPipeliningIgnoredCommands: scriptCommands(),
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
