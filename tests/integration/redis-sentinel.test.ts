import { describe, expect, test, vi } from "vitest";
import { submitAndWait } from "../support/api-client.ts";
import { countEnds, startLoad } from "../support/load-and-count.ts";
import { untilReplicated } from "../support/redis-commands.ts";
import { REDIS_BINARY, type RedisNode } from "../support/redis-node.ts";
import { echo, startDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { startSentinels } from "../support/start-sentinels.ts";
import { waitFor } from "../support/wait-for.ts";

// Some dozen processes, on a machine that may be busy with other tests.
vi.setConfig({ testTimeout: 120_000 });

const LOADED = { timeoutMs: 40_000 };

/** One second until the master is missed, some for the vote and the change; three times that. */
const FAILOVER = { timeoutMs: 40_000, everyMs: 100 };

const WAYS: [name: string, strike: (master: RedisNode) => unknown][] = [
  ["is killed", async (master) => await master.stop()],
  ["vanishes and closes no connection", (master) => master.freeze()],
];

// Where Redis can only be had as a container, nothing brings up several that know each other.
describe.skipIf(REDIS_BINARY === null)("with three Sentinels", () => {
  test.concurrent.each(WAYS)(
    "a master that %s under load is replaced without a restart, and nothing that its replica had is lost",
    async (name, strike) => {
      await using redis = await startSentinels();
      await using droplet = await startDroplet("Echo", echo);
      await using orchestrator = await startOrchestrator({
        redisUrl: redis.url,
        droplets: [droplet],
        workers: 2,
      });
      const { api } = orchestrator;
      await using load = startLoad(api, ["echo"], 2);
      await waitFor("some to be accepted", () => load.accepted.length >= 100, LOADED);
      const safe = load.accepted.length;
      await untilReplicated(redis.master.url, "last");
      await strike(redis.master);
      const struckAt = Date.now();
      const before = load.accepted.length;
      await waitFor(
        "Sentinels to name another master",
        async () => {
          return (await redis.masterPort()) === redis.replica.port;
        },
        FAILOVER,
      );
      const switchedAt = Date.now();
      await waitFor(
        "tasks to be accepted again",
        () => load.accepted.length > before + 20,
        FAILOVER,
      );
      const acceptedAt = Date.now();
      const task = { droplet_name: "echo", path: "/" };
      await waitFor(
        "a caller to get a result",
        async () => {
          return (await submitAndWait(api, task)).status === "success";
        },
        FAILOVER,
      );
      await load.stop();

      const { accepted } = load;
      const ends = await countEnds(api, accepted.slice(0, safe));
      const between = await countEnds(api, accepted.slice(safe, before));
      const later = await countEnds(api, accepted.slice(before));
      process.stdout.write(
        `Sentinel, the master ${name}: ${JSON.stringify({ replicated: ends, unsure: between, later })}; ` +
          `another after ${switchedAt - struckAt} ms, accepting after ${acceptedAt - struckAt} ms\n`,
      );
      expect(ends).toEqual({ success: safe });
      expect(later).toEqual({ success: accepted.length - before });
      expect((await send(api, "/orchestrator/health")).body).toMatchObject({ status: "active" });
      redis.master.thaw();
    },
  );
});
