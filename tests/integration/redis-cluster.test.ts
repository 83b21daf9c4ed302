import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { submit, submitAndWait, untilEnded } from "../support/api-client.ts";
import { MAIN_FLOWS } from "../support/main-flows.ts";
import { onRedis } from "../support/redis-commands.ts";
import { REDIS_BINARY } from "../support/redis-node.ts";
import { echo, startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { startCluster, type RedisCluster } from "../support/start-cluster.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const FLOWS = Object.entries(MAIN_FLOWS);

/** One for each flow, because one of them pauses its droplet; the rest spread what is stored. */
const DROPLETS = 24;

const opened = new AsyncDisposableStack();
const droplets: ScriptedDroplet[] = [];
let cluster: RedisCluster;
let orchestrator: Orchestrator;

// Where Redis can only be had as a container, nothing brings up several that know each other.
describe.skipIf(REDIS_BINARY === null)("on a Redis Cluster of three masters", () => {
  beforeAll(async () => {
    cluster = opened.use(await startCluster());
    for (let n = 0; n < DROPLETS; n++) {
      droplets.push(opened.use(await startDroplet(`Droplet-${n}`, echo)));
    }
    orchestrator = opened.use(
      await startOrchestrator({ redisUrl: cluster.url, droplets, apis: 1, workers: 2 }),
    );
  });
  afterAll(async () => await opened.disposeAsync());

  test.concurrent.each(FLOWS)("%s", async (name, flow) => {
    const droplet = droplets[FLOWS.findIndex(([one]) => one === name)];
    if (droplet === undefined) throw new Error("more flows than droplets");
    await flow({ api: orchestrator.api, droplet });
  });

  test("queues and records are spread over all masters, and no command crossed slots", async () => {
    await Promise.all(
      droplets.map(
        async ({ name }) =>
          await submitAndWait(orchestrator.api, { droplet_name: name, path: "/" }),
      ),
    );
    const held = await Promise.all(
      cluster.masters.map(async ({ url }) => await countKeys(url, orchestrator.keyPrefix)),
    );
    process.stdout.write(`keys by master: ${JSON.stringify(held)}\n`);
    for (const { queues, records } of held) {
      expect(queues).toBeGreaterThan(0);
      expect(records).toBeGreaterThan(0);
    }
    expect(complaints()).toEqual([]);
  });

  test("a master that is killed under load is replaced without a restart, and no task that its replica had is lost", async () => {
    const [first] = cluster.masters;
    const accepted: string[] = [];
    let isLoading = true;
    const load = async (): Promise<void> => {
      while (isLoading) {
        const droplet_name = droplets[accepted.length % DROPLETS]?.name ?? "";
        const { status, body } = await submit(
          orchestrator.api,
          { droplet_name, path: "/" },
          { wait: false },
        );
        if (status === 202) accepted.push((body as { task_id: string }).task_id);
      }
    };
    const loading = Promise.all([load(), load()]);
    await waitFor("some to be accepted", () => accepted.length > 50);
    await onRedis(first?.url ?? "", async (redis) => {
      await redis.set(keyOfFirst, "1");
      return await redis.wait(1, 5000);
    });
    const safe = accepted.length;
    await first?.stop();
    const before = accepted.length;
    await waitFor(
      "tasks to be accepted for droplets of every master",
      async () => {
        const results = await Promise.all(
          droplets.map(async ({ name }) => {
            const task = { droplet_name: name, path: "/" };
            return (await submit(orchestrator.api, task, { wait: 5 })).status;
          }),
        );
        return results.every((status) => status === 200);
      },
      { timeoutMs: 40_000, everyMs: 200 },
    );
    isLoading = false;
    await loading;

    const ends = new Map<string, number>();
    for (const id of accepted.slice(0, safe)) {
      const { status } = await untilEnded(orchestrator.api, id);
      ends.set(status, (ends.get(status) ?? 0) + 1);
    }
    process.stdout.write(
      `cluster: ${accepted.length} accepted, ${safe} of them surely replicated, ${accepted.length - before} after the kill; those replicated ended: ${JSON.stringify([...ends])}\n`,
    );
    expect([...ends]).toEqual([["success", safe]]);
    expect(complaints()).toEqual([]);
  });
});

/** In the first of the 16,384 slots, which the first master serves. */
const keyOfFirst = "{06S}";

async function countKeys(url: string, prefix: string) {
  return await onRedis(url, async (redis) => {
    const keys: string[] = [];
    for await (const some of redis.scanStream({ match: `${prefix}:*`, count: 1000 })) {
      keys.push(...(some as string[]));
    }
    return {
      queues: new Set(keys.flatMap((key) => /\{d-[^}]*\}/.exec(key) ?? [])).size,
      records: keys.filter((key) => /:task:\{[^}]*\}$/.test(key)).length,
      all: keys.length,
    };
  });
}

function complaints(): unknown[] {
  const all = [...orchestrator.apis, ...orchestrator.workers].flatMap(({ logs }) => logs.lines);
  return all.filter((line) => /CROSSSLOT|same slot|slots allocation/.test(JSON.stringify(line)));
}
