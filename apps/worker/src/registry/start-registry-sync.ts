import { RegistrySyncSchedule, type Store } from "@orchestrator/queue";
import type { Logger } from "@orchestrator/runtime";
import type { WorkerConfig } from "../config.ts";
import { syncRegistry } from "./sync-registry.ts";

/** Keeps the droplet list fresh; resolves when the schedule stands, not when the first sync is done. */
export async function startRegistrySync(
  config: WorkerConfig,
  store: Store,
  log: Logger,
): Promise<AsyncDisposable> {
  const { dropletListCache: cache, snapshot } = store;
  const intervalMs = config.REGISTRY_SYNC_INTERVAL * 1000;
  const registry = {
    url: config.REGISTRY_URL,
    configuredPath: config.REGISTRY_PATH ?? null,
    timeoutMs: config.REGISTRY_TIMEOUT * 1000,
    headers: {
      ...(config.REGISTRY_KEY && { "x-registry-key": config.REGISTRY_KEY }),
      ...(config.REGISTRY_TOKEN && { authorization: `Bearer ${config.REGISTRY_TOKEN}` }),
    },
    maxDroplets: config.DROPLETS_MAX,
  };
  // After a restart of everything with the Registry down, the other processes find the list in Redis again.
  const { list } = store.directory;
  if (list?.origin === "disk") await cache.writeListIfMissing(list);

  const schedule = new RegistrySyncSchedule({
    redis: store.bullMqRedis,
    keys: store.keys,
    intervalMs,
    isDue: async () => {
      const [current, state] = await Promise.all([cache.readList(), cache.readState()]);
      const isFresh = current !== null && Date.now() - current.syncedAt < intervalMs;
      return !isFresh || state?.isHealthy !== true;
    },
    sync: async () => await syncRegistry({ registry, cache, snapshot, log }),
    onError: (error) => log.warn({ event: "registrySync.failed", err: error }),
  });
  await schedule.start();
  return { [Symbol.asyncDispose]: async () => await schedule.close() };
}
