import { RegistrySyncSchedule, type Store } from "@orchestrator/queue";
import { closeWithin, logSeldom, type Logger } from "@orchestrator/runtime";
import type { WorkerConfig } from "../config.ts";
import type { RegistryAddress } from "./ask-registry.ts";
import { SelfRegistration } from "./self-registration.ts";
import { syncRegistry } from "./sync-registry.ts";

/** A sync that hangs with its Registry is given up on when we stop. */
const CLOSE_WITHIN_MS = 1000;

/** Keeps the droplet list fresh and us on it; resolves when the schedule stands, not when the first sync is done. */
export async function startRegistrySync(
  { config, version }: { config: WorkerConfig; version: string },
  store: Store,
  log: Logger,
): Promise<AsyncDisposable> {
  const { dropletListCache: cache, metrics, snapshot } = store;
  const intervalMs = config.REGISTRY_SYNC_INTERVAL * 1000;
  const registry = registryAddress(config);
  // After a restart of everything with the Registry down, the other processes find the list in Redis again.
  const { list } = store.directory;
  if (list?.origin === "disk") await cache.writeListIfMissing(list);

  const publicUrl = config.PUBLIC_URL;
  const registration = new SelfRegistration({
    registry,
    self: { id: config.DROPLET_ID, publicUrl, version },
    cache,
    syncIntervalMs: intervalMs,
    log,
  });
  registration.start();
  const schedule = new RegistrySyncSchedule({
    redis: store.bullMqRedis,
    keys: store.keys,
    intervalMs,
    isDue: async () => {
      const [current, state] = await Promise.all([cache.readList(), cache.readState()]);
      const isOurs = current?.registryUrl === registry.url;
      const isFresh = isOurs && Date.now() - current.syncedAt < intervalMs;
      return !isFresh || state?.isHealthy !== true;
    },
    isUrgent: async () => (await cache.readList()) === null,
    sync: async () =>
      await syncRegistry({ registry, publicUrl, registration, cache, metrics, snapshot, log }),
    onError: logSeldom((line) => log.warn(line), "registrySync.failed"),
  });
  await schedule.start();
  return {
    async [Symbol.asyncDispose]() {
      await registration[Symbol.asyncDispose]();
      await closeWithin(CLOSE_WITHIN_MS, "registry sync", async () => await schedule.close(), log);
    },
  };
}

function registryAddress(config: WorkerConfig): RegistryAddress {
  const { REGISTRY_PATH: path } = config;
  return {
    url: config.REGISTRY_URL,
    configuredPath: path === undefined || path.startsWith("/") ? (path ?? null) : `/${path}`,
    timeoutMs: config.REGISTRY_TIMEOUT * 1000,
    headers: {
      ...(config.REGISTRY_KEY && { "x-registry-key": config.REGISTRY_KEY }),
      ...(config.REGISTRY_TOKEN && { authorization: `Bearer ${config.REGISTRY_TOKEN}` }),
    },
    maxDroplets: config.DROPLETS_MAX,
  };
}
