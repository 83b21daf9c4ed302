import { isOurEntry, listsOthers } from "@orchestrator/core";
import type {
  DropletList,
  DropletListCache,
  MetricsStore,
  RegistryState,
  SnapshotFile,
} from "@orchestrator/queue";
import type { Logger } from "@orchestrator/runtime";
import type { RegistryAddress } from "./ask-registry.ts";
import { fetchDropletList, type FetchedList } from "./fetch-droplet-list.ts";
import type { SelfRegistration } from "./self-registration.ts";

export interface RegistrySync {
  registry: RegistryAddress;
  publicUrl: string;
  registration: SelfRegistration;
  cache: DropletListCache;
  metrics: Pick<MetricsStore, "countSync">;
  snapshot: SnapshotFile;
  log: Logger;
}

/**
 * One round: fetch, into Redis, tell everyone, onto disk. A failed round changes nothing but the state: the
 * last good list serves for ever.
 */
export async function syncRegistry(sync: RegistrySync): Promise<void> {
  const { registry, publicUrl, registration, cache, snapshot, log } = sync;
  const startedAt = Date.now();
  const [before, current] = await Promise.all([cache.readState(), cache.readList()]);
  const answer = await fetchDropletList(registry, before?.path ?? null);
  const fetched = keepingOthers(answer, current, publicUrl);
  const state: RegistryState = {
    lastAttemptAt: startedAt,
    durationMs: Date.now() - startedAt,
    isHealthy: fetched.kind === "list",
    error: fetched.kind === "failed" ? fetched.reason : null,
    path: fetched.kind === "list" ? fetched.path : (before?.path ?? null),
    skipped: fetched.kind === "list" ? fetched.skipped.length : 0,
    snapshotWarning: before?.snapshotWarning ?? null,
  };
  await sync.metrics.countSync(state.isHealthy);
  if (fetched.kind === "list") {
    const list: DropletList = {
      droplets: fetched.droplets,
      syncedAt: startedAt,
      origin: "registry",
      registryUrl: registry.url,
    };
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
  const isListed = listsUs(answer, publicUrl);
  if (isListed !== null) await registration.noteSync(isListed);
  await cache.announce();
  logRound(log, registry.url, state, fetched);
}

/**
 * A Registry that restarted without its data lists nobody, and soon us, because we register anew. Taking that
 * for the mesh would cut every other droplet off until it has registered too.
 */
function keepingOthers(
  answer: FetchedList,
  current: DropletList | null,
  publicUrl: string,
): FetchedList {
  const isAlone = answer.kind === "list" && !listsOthers(answer.droplets, publicUrl);
  if (!isAlone || !listsOthers(current?.droplets ?? [], publicUrl)) return answer;
  return { kind: "failed", reason: "it lists nobody but us", listsNobody: true };
}

/** Null when the answer says nothing of it. */
function listsUs(answer: FetchedList, publicUrl: string): boolean | null {
  if (answer.kind === "list") return answer.droplets.some((one) => isOurEntry(one, publicUrl));
  return answer.listsNobody ? false : null;
}

function logRound(log: Logger, url: string, state: RegistryState, fetched: FetchedList): void {
  log[state.isHealthy ? "info" : "warn"]({
    event: state.isHealthy ? "registry.synced" : "registry.syncFailed",
    url,
    path: state.path,
    droplets: fetched.kind === "list" ? fetched.droplets.length : undefined,
    skipped: state.skipped,
    reason: state.error,
    duration_ms: state.durationMs,
  });
}
