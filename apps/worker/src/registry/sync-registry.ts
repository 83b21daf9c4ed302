import type { DropletListCache, RegistryState, SnapshotFile } from "@orchestrator/queue";
import type { Logger } from "@orchestrator/runtime";
import { fetchDropletList, type RegistryAddress } from "./fetch-droplet-list.ts";

export interface RegistrySync {
  registry: RegistryAddress;
  cache: DropletListCache;
  snapshot: SnapshotFile;
  log: Logger;
}

/**
 * One round: fetch, into Redis, tell everyone, onto disk. A failed round changes nothing but the state: the
 * last good list serves for ever.
 */
export async function syncRegistry({
  registry,
  cache,
  snapshot,
  log,
}: RegistrySync): Promise<void> {
  const startedAt = Date.now();
  const before = await cache.readState();
  const fetched = await fetchDropletList(registry, before?.path ?? null);
  const state: RegistryState = {
    lastAttemptAt: startedAt,
    durationMs: Date.now() - startedAt,
    isHealthy: fetched.kind === "list",
    error: fetched.kind === "failed" ? fetched.reason : null,
    path: fetched.kind === "list" ? fetched.path : (before?.path ?? null),
    skipped: fetched.kind === "list" ? fetched.skipped.length : 0,
    snapshotWarning: before?.snapshotWarning ?? null,
  };
  if (fetched.kind === "list") {
    const list = { droplets: fetched.droplets, syncedAt: startedAt, origin: "registry" as const };
    await cache.writeList(list);
    await cache.writeState(state);
    await cache.announce();
    state.snapshotWarning = await snapshot.write(list);
    if (state.snapshotWarning) {
      log.warn({ event: "snapshot.failed", reason: state.snapshotWarning });
    }
    for (const { where, reason } of fetched.skipped) {
      log.warn({ event: "droplet.skipped", where, reason });
    }
  }
  await cache.writeState(state);
  await cache.announce();
  log[state.isHealthy ? "info" : "warn"]({
    event: state.isHealthy ? "registry.synced" : "registry.syncFailed",
    url: registry.url,
    path: state.path,
    droplets: fetched.kind === "list" ? fetched.droplets.length : undefined,
    skipped: state.skipped,
    reason: state.error,
    duration_ms: state.durationMs,
  });
}
