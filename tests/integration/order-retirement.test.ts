import { expect, test } from "vitest";
import { submitAndWait, submitAsync, untilEnded } from "../support/api-client.ts";
import { operate, readDroplet } from "../support/operate.ts";
import { onRedis } from "../support/redis-commands.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { entryOf } from "../support/scripted-registry.ts";
import { startOrchestrator, untilKnown, type Orchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

/** Every key of BullMQ about this droplet, and whether it has switches. */
async function tracesOf({ redisUrl, keyPrefix }: Orchestrator, droplet: string) {
  return await onRedis(redisUrl, async (redis) => ({
    keys: await redis.keys(`${keyPrefix}:{d-${droplet}}:*`),
    switches: await redis.hexists(`${keyPrefix}:{all}:switches`, droplet),
    queues: await redis.zscore(`${keyPrefix}:{all}:queues`, droplet),
  }));
}

async function untilUnknown({ api }: Orchestrator, droplet: string): Promise<void> {
  await waitFor(`${droplet} to be off the list`, async () => {
    return (await readDroplet(api, droplet).catch(() => null)) === null;
  });
}

test("a droplet that leaves the list strands no task, its queue and switches are forgotten once empty, and come back with it", async () => {
  await using leaver = await startDroplet("leaver", ["hang"]);
  await using stayer = await startDroplet("stayer");
  await using orchestrator = await startOrchestrator({
    droplets: [leaver, stayer],
    workers: 2,
    env: { DROPLET_FORGET_AFTER: "1", DROPLET_CONCURRENCY: "1", DROPLET_GLOBAL_CONCURRENCY: "1" },
  });
  const { api, registry } = orchestrator;
  await operate(api, "leaver", "limits", { rate: { max: 1000, per_ms: 1000 } });
  const task = { droplet_name: "leaver", path: "/", max_retries: 0, timeout_ms: 120_000 };
  const running = await submitAsync(api, { ...task, method: "POST" });
  await leaver.untilHanging(1);
  const waiting = [await submitAsync(api, task), await submitAsync(api, task)];

  registry.list = registry.list.filter(({ name }) => name !== "leaver");
  await untilUnknown(orchestrator, "leaver");
  // Long enough for a round of retirement: what holds tasks stays.
  await waitFor("more syncs", () => registry.syncs.length > 4);
  expect((await tracesOf(orchestrator, "leaver")).keys).not.toEqual([]);

  await leaver.release(200);
  expect((await untilEnded(api, running.task_id)).status).toBe("success");
  for (const { task_id } of waiting) {
    expect(await untilEnded(api, task_id)).toMatchObject({
      status: "error",
      error: { code: "DROPLET_UNREACHABLE" },
    });
  }
  await waitFor(
    "nothing to be left of it",
    async () => {
      expect(await tracesOf(orchestrator, "leaver")).toEqual({
        keys: [],
        switches: 0,
        queues: null,
      });
      return true;
    },
    { timeoutMs: 45_000, everyMs: 200 },
  );
  expect((await submitAndWait(api, { droplet_name: "stayer", path: "/" })).status).toBe("success");

  leaver.on("/again", [200]);
  registry.list.push(entryOf(leaver, { id: 100 }));
  await untilKnown(api, ["leaver"]);
  const again = { droplet_name: "leaver", path: "/again" };
  expect((await submitAndWait(api, again)).status).toBe("success");
  expect((await readDroplet(api, "leaver")).limits).toEqual({ concurrency: 1, rate: null });
  const { keyPrefix, redisUrl } = orchestrator;
  const meta = `${keyPrefix}:{d-leaver}:meta`;
  expect(await onRedis(redisUrl, async (redis) => await redis.hget(meta, "concurrency"))).toBe("1");
});
