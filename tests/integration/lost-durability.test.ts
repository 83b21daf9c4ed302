import { expect, test } from "vitest";
import { submit, untilEnded } from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const task = { droplet_name: "mole", path: "/", method: "POST" };

/** What ran when Redis died may wait for its lock to end: 15 s, three times over. */
const TAKEN_OVER_WITHIN_MS = 45_000;

test(
  "a Redis with appendfsync always, killed under load, loses nothing that was accepted",
  { timeout: 120_000 },
  async () => {
    await using droplet = await startDroplet("mole");
    await using redis = await startPrivateRedis({ isDurable: true });
    await using orchestrator = await startOrchestrator({
      droplets: [droplet],
      redisUrl: redis.url,
    });
    const { api } = orchestrator;
    const accepted: string[] = [];
    const stopping = new AbortController();
    const load = Array.from({ length: 8 }, async () => {
      while (!stopping.signal.aborted) {
        const answer = await submit(api, { ...task, delay_ms: 500 }, { wait: false });
        if (answer.status === 202) accepted.push((answer.body as { task_id: string }).task_id);
      }
    });
    for (const count of [100, 200]) {
      await waitFor("load", () => accepted.length >= count, { timeoutMs: 30_000 });
      await redis.stop();
      await redis.start();
      await waitFor("tasks to be taken again", () => accepted.length > count + 20, {
        timeoutMs: 45_000,
      });
    }
    stopping.abort();
    await Promise.all(load);
    const ended = await Promise.all(
      accepted.map(async (id) => await untilEnded(api, id, TAKEN_OVER_WITHIN_MS)),
    );
    const more = accepted.filter((id) => droplet.callsOf(id).length > 1).length;
    process.stdout.write(
      `Redis (appendfsync always) killed twice under load: ${accepted.length} accepted, ` +
        `${accepted.length - ended.length} lost, ${more} sent more than once\n`,
    );
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(["success"]));
  },
);
