import { expect, test } from "vitest";
import { queueNameOf } from "@orchestrator/queue";
import { submitAndWait, submitAsync, untilEnded } from "../support/api-client.ts";
import { operate } from "../support/operate.ts";
import { scrape, valueOf } from "../support/read-metrics.ts";
import { onRedis } from "../support/redis-commands.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

/** The watchdog looks every 5 s for what took nothing for 15 s; an idle consumer by itself only every 30 s. */
const REBUILT_WITHIN_MS = 25_000;

test(
  "a consumer that sleeps although its queue has work is built anew, and counted; another droplet's is left alone",
  { timeout: 60_000 },
  async () => {
    await using droplet = await startDroplet("asleep");
    await using other = await startDroplet("awake");
    await using orchestrator = await startOrchestrator({ droplets: [droplet, other] });
    const { api, worker, keyPrefix, redisUrl } = orchestrator;
    await submitAndWait(api, { droplet_name: "asleep", path: "/" });
    const queue = `${keyPrefix}:${queueNameOf("asleep")}`;

    // A job arrives while the queue is paused, then everything that could wake the consumer is taken away.
    await operate(api, "asleep", "pause");
    const { task_id } = await submitAsync(api, { droplet_name: "asleep", path: "/" });
    const before = Date.now();
    await onRedis(redisUrl, async (redis) => {
      await redis.multi().hdel(`${queue}:meta`, "paused").del(`${queue}:marker`).exec();
      expect(await redis.zcard(`${queue}:prioritized`)).toBe(1);
    });

    const record = await untilEnded(api, task_id, REBUILT_WITHIN_MS + 5000);
    expect(record.status).toBe("success");
    const tookMs = Date.now() - before;
    process.stdout.write(`wedged consumer: its task ended after ${tookMs} ms\n`);
    expect(tookMs).toBeLessThan(REBUILT_WITHIN_MS);
    expect(worker.logs.filter("consumer.rebuilt").map((line) => line["queue"])).toEqual([
      queueNameOf("asleep"),
    ]);
    expect(valueOf(await scrape(worker), "orchestrator_consumers_rebuilt_total")).toBe(1);
    expect((await submitAndWait(api, { droplet_name: "awake", path: "/" })).status).toBe("success");
  },
);
