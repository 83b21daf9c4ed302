import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  readDroplets,
  readTask,
  refusalOf,
  submit,
  submitAndWait,
  submitAsync,
  untilEnded,
} from "../support/api-client.ts";
import { echo, startDroplet } from "../support/scripted-droplet.ts";
import { entryOf, startRegistry, type ScriptedRegistry } from "../support/scripted-registry.ts";
import type { RecordedRequest } from "../support/scripted-server.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { startOrchestrator, untilKnown } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

/** Every process knows a change within a second; the rest is slack for a busy machine. */
const TOLD_WITHIN_MS = 3000;

const namesOf = (droplets: { name: string }[]): string[] =>
  droplets.map(({ name }) => name).toSorted();

describe("with an interval of ten minutes", () => {
  const shared = shareOrchestrator({ droplets: ["mint"], env: { REGISTRY_SYNC_INTERVAL: "600" } });

  test("the first sync comes at once, and the list holds the Registry itself", async () => {
    const { api, orchestrator } = shared;
    const { url } = shared.droplet("mint");
    const found = await readDroplets(api);
    expect(found).toMatchObject({ cache_status: "active", served_from: "registry" });
    expect(namesOf(found.droplets)).toEqual(["mint", "registry"]);
    expect(found.droplets).toContainEqual(
      expect.objectContaining({
        id: 100,
        name: "mint",
        url,
        endpoint: url,
        version: "1.0.0",
        status: "active",
        steward: null,
        metadata: {},
      }),
    );
    const { url: registryUrl } = orchestrator.registry;
    expect(found.droplets).toContainEqual(
      expect.objectContaining({ id: 1, name: "registry", url: registryUrl, endpoint: registryUrl }),
    );
  });

  test("the list is on disk, complete", async () => {
    const path = join(shared.orchestrator.cacheDir, "orchestrator_droplets.json");
    const snapshot = await waitFor("the snapshot", async () => {
      return JSON.parse(await readFile(path, "utf8")) as { droplets: { name: string }[] };
    });
    expect(namesOf(snapshot.droplets)).toContain("mint");
  });

  test("an API that starts after the sync knows the list at once", async () => {
    const late = await shared.orchestrator.addApi({ REGISTRY_CACHE_DIR: "/dev/null/none" });
    const found = await waitFor("the list", async () => await readDroplets(late), {
      timeoutMs: TOLD_WITHIN_MS,
    });
    expect(namesOf(found.droplets)).toEqual(["mint", "registry"]);
    expect(found).toMatchObject({ cache_status: "active", served_from: "registry" });
    expect((await submitAndWait(late, { droplet_name: "mint", path: "/" })).status).toBe("success");
    await late.stop();
  });
});

test("a droplet added to the Registry is callable after the next sync, without a restart", async () => {
  await using early = await startDroplet("early");
  await using late = await startDroplet("late", echo);
  await using orchestrator = await startOrchestrator({ droplets: [early], apis: 2, workers: 2 });
  const { apis, registry, workers } = orchestrator;
  const unknown = await submit(apis[0] ?? orchestrator.api, { droplet_name: "late", path: "/" });
  expect(refusalOf(unknown, 400).code).toBe("DROPLET_NOT_FOUND");

  registry.list = [entryOf(early), entryOf(late, { id: 7 })];
  const syncs = registry.syncs.length;
  await waitFor("a sync that saw it", () => registry.syncs.length > syncs + 1);
  const sawItAt = registry.syncs[syncs]?.endedAt ?? 0;
  await Promise.all(apis.map(async (api) => await untilKnown(api, ["late"])));
  expect(Date.now() - sawItAt, "every API hears of it within a second").toBeLessThan(
    TOLD_WITHIN_MS,
  );

  const results = await Promise.all(
    Array.from({ length: 8 }, async (_, n) => {
      const api = apis[n % 2] ?? orchestrator.api;
      return await submitAndWait(api, { droplet_name: "late", path: `/${n}` });
    }),
  );
  expect(results.map(({ status }) => status)).toEqual(Array(8).fill("success"));
  expect(workers.every((worker) => worker.isRunning)).toBe(true);
});

test("a droplet that moved is called where it is now, also by tasks accepted before", async () => {
  await using before = await startDroplet("mover", [{ json: "old" }]);
  await using after = await startDroplet("mover", [{ json: "new" }]);
  await using orchestrator = await startOrchestrator({ droplets: [before] });
  const { api, registry } = orchestrator;
  const task = { droplet_name: "mover", path: "/" };
  expect((await submitAndWait(api, task)).response_body).toBe("old");
  const { task_id } = await submitAsync(api, { ...task, delay_ms: 2500 });

  registry.list = [entryOf(after)];
  await waitFor("the new address", async () => {
    const { droplets } = await readDroplets(api);
    return droplets.some(({ url }) => url === after.url);
  });
  expect((await submitAndWait(api, task)).response_body).toBe("new");
  expect((await untilEnded(api, task_id)).response_body).toBe("new");
  expect(before.callsOf(task_id)).toEqual([]);
});

test("a task whose droplet leaves the list is retried against the newest list and ends as unreachable, with the reason", async () => {
  await using leaving = await startDroplet("leaving", [503]);
  await using staying = await startDroplet("staying");
  await using orchestrator = await startOrchestrator({ droplets: [leaving, staying] });
  const { api, registry } = orchestrator;
  const { task_id } = await submitAsync(api, {
    droplet_name: "leaving",
    path: "/",
    max_retries: 2,
  });
  await leaving.untilRequests(1);

  registry.list = [entryOf(staying)];
  const record = await untilEnded(api, task_id);
  expect(record).toMatchObject({
    status: "error",
    retry_count: 2,
    error: { code: "DROPLET_UNREACHABLE", message: expect.stringContaining("leaving") },
  });
  expect(record.attempts.at(-1)).toMatchObject({ outcome: "not_sent", response_status: null });
  const refused = await submit(api, { droplet_name: "leaving", path: "/" });
  expect(refusalOf(refused, 400).code).toBe("DROPLET_NOT_FOUND");
});

test("a task that waits while its droplet is away from the list runs once it is back", async () => {
  await using coming = await startDroplet("coming", [503, 200]);
  await using orchestrator = await startOrchestrator({ droplets: [coming] });
  const { api, registry } = orchestrator;
  const { task_id } = await submitAsync(api, { droplet_name: "coming", path: "/" });
  await coming.untilRequests(1);
  registry.list = [];
  registry.list = [entryOf({ name: "other", url: coming.url })];
  await waitFor("an attempt without a droplet", async () => {
    const { attempts } = await readTask(api, task_id);
    return attempts.some(({ outcome }) => outcome === "not_sent");
  });

  registry.list = [entryOf(coming)];
  expect(await untilEnded(api, task_id)).toMatchObject({ status: "success", response_status: 200 });
});

test("two workers make one sync per interval", async () => {
  await using registry = await startRegistry([{ name: "mint", endpoint: "http://127.0.0.1:1" }]);
  await using _orchestrator = await startOrchestrator({ registry, apis: 0, workers: 2 });
  const syncs = await nextSyncs(registry, 6);
  const tookMs = (syncs.at(-1)?.arrivedAt ?? 0) - (syncs[0]?.arrivedAt ?? 0);
  expect(tookMs).toBeGreaterThan((syncs.length - 1) * 500 * 0.8);
});

test("a sync that takes longer than the interval is not overtaken by that of another worker", async () => {
  await using registry = await startRegistry();
  const droplets = [{ name: "mint", endpoint: "http://127.0.0.1:1" }];
  registry.behave({ json: { droplets }, afterMs: 800 });
  const env = { REGISTRY_TIMEOUT: "5" };
  await using _orchestrator = await startOrchestrator({ registry, apis: 0, workers: 2, env });
  const syncs = await nextSyncs(registry, 4);
  for (const [n, sync] of syncs.entries()) {
    const next = syncs[n + 1];
    if (next) expect(sync.endedAt ?? Infinity).toBeLessThanOrEqual(next.arrivedAt);
  }
});

/** The syncs that come from now on; what the start of the processes caused is none of them. */
async function nextSyncs(registry: ScriptedRegistry, count: number): Promise<RecordedRequest[]> {
  const before = registry.syncs.length;
  return await waitFor(`${count} syncs`, () => {
    const found = registry.syncs.slice(before, before + count);
    return found.length === count && found;
  });
}
