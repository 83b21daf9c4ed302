import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { submit, submitAndWait } from "../support/api-client.ts";
import { countEnds, startLoad } from "../support/load-and-count.ts";
import { MAIN_FLOWS } from "../support/main-flows.ts";
import { onRedis, untilReplicated } from "../support/redis-commands.ts";
import { REDIS_BINARY } from "../support/redis-node.ts";
import { echo, startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { startCluster, type RedisCluster } from "../support/start-cluster.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const FLOWS = Object.entries(MAIN_FLOWS);

// Some dozen processes, on a machine that may be busy with other tests.
vi.setConfig({ testTimeout: 120_000 });

const LOADED = { timeoutMs: 40_000 };

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
    say("keys by master", held);
    for (const { queues, records } of held) {
      expect(queues).toBeGreaterThan(0);
      expect(records).toBeGreaterThan(0);
    }
    expect(complaints()).toEqual([]);
  });

  test("a master that is killed under load is replaced without a restart, and no task that its replica had is lost", async () => {
    const names = droplets.map(({ name }) => name);
    await using load = startLoad(orchestrator.api, names, 4);
    await waitFor("some to be accepted", () => load.accepted.length >= 100, LOADED);
    const safe = load.accepted.length;
    const [first] = cluster.masters;
    await untilReplicated(first?.url ?? "", KEY_OF_FIRST);
    await first?.stop();
    const before = load.accepted.length;
    await waitFor(
      "a task of every droplet to be taken and done",
      async () => {
        const answers = await Promise.all(
          names.map(
            async (droplet_name) =>
              await submit(orchestrator.api, { droplet_name, path: "/" }, { wait: 5 }),
          ),
        );
        return answers.every(({ status }) => status === 200);
      },
      { timeoutMs: 40_000, everyMs: 200 },
    );
    await load.stop();

    const { accepted } = load;
    const ends = await countEnds(orchestrator.api, accepted.slice(0, safe));
    const later = await countEnds(orchestrator.api, accepted.slice(before));
    say("accepted and replicated", safe, ends, "accepted after the kill", later);
    expect(ends).toEqual({ success: safe });
    expect(later).toEqual({ success: accepted.length - before });
    expect(complaints()).toEqual([]);
  });
});

/** In the first of the 16,384 slots, which the first master serves. */
const KEY_OF_FIRST = "{06S}";

function say(...words: unknown[]): void {
  process.stdout.write(`Redis Cluster: ${words.map((word) => JSON.stringify(word)).join(" ")}\n`);
}

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
