import { expect, test } from "vitest";
import { readTask, submitAsync, untilEnded } from "../support/api-client.ts";
import { onRedis } from "../support/redis-commands.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const task = { droplet_name: "mole", path: "/", method: "POST" };

test(
  "a job of the previous format runs, and one of a newer format waits unchanged for a newer worker",
  { timeout: 90_000 },
  async () => {
    await using droplet = await startDroplet("mole");
    await using orchestrator = await startOrchestrator({ droplets: [droplet] });
    const { api, worker, keyPrefix, redisUrl } = orchestrator;
    const later = { ...task, delay_ms: 3000, max_retries: 0 };
    const old = await submitAsync(api, later);
    const newer = await submitAsync(api, later);

    /** What another version would have written. */
    async function rewrite(id: string, change: (data: Record<string, unknown>) => unknown) {
      const key = `${keyPrefix}:{d-mole}:${id}`;
      return await onRedis(redisUrl, async (redis) => {
        const text = (await redis.hget(key, "data")) ?? "{}";
        const changed = JSON.stringify(change(JSON.parse(text) as Record<string, unknown>));
        await redis.hset(key, "data", changed);
        return changed;
      });
    }
    await rewrite(old.task_id, (data) => ({ ...data, v: undefined }));
    const written = await rewrite(newer.task_id, (data) => ({ ...data, v: 2, added: { by: 2 } }));
    expect(await untilEnded(api, old.task_id)).toMatchObject({ status: "success" });

    // Offered, and left, more often than it may be attempted.
    const key = `${keyPrefix}:{d-mole}:${newer.task_id}`;
    await waitFor(
      "it to have been offered three times",
      async () =>
        Number(await onRedis(redisUrl, async (redis) => await redis.hget(key, "ats"))) >= 3,
      { timeoutMs: 30_000 },
    );
    expect(await readTask(api, newer.task_id)).toMatchObject({ status: "queued", attempts: [] });
    expect(await onRedis(redisUrl, async (redis) => await redis.hget(key, "data"))).toBe(written);
    expect(droplet.callsOf(newer.task_id)).toHaveLength(0);
    expect(worker.logs.filter("consumer.failed").length).toBeGreaterThan(0);

    await rewrite(newer.task_id, (data) => ({ ...data, v: 1 }));
    expect(await untilEnded(api, newer.task_id)).toMatchObject({ status: "success" });
    expect(droplet.callsOf(newer.task_id)).toHaveLength(1);
  },
);
