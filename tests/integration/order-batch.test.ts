import { expect, test } from "vitest";
import { refusalOf } from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { send, type Answer } from "../support/send.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

/** The contract's 2 s, with slack for a busy machine. */
const ANSWERED_WITHIN_MS = 6000;

test("a batch of which Redis took nothing is refused as a whole, one with nothing but bad items is not", async () => {
  await using droplet = await startDroplet("dock");
  await using redis = await startPrivateRedis();
  await using orchestrator = await startOrchestrator({ droplets: [droplet], redisUrl: redis.url });
  const { api } = orchestrator;
  const good = { droplet_name: "dock", path: "/" };
  const bad = { droplet_name: "dock" };
  const submitBatch = async (tasks: unknown[]): Promise<Answer> =>
    await send(api, "/orchestrator/tasks/batch", { method: "POST", json: { tasks } });
  expect(await submitBatch([good, bad])).toMatchObject({
    status: 202,
    body: { accepted: 1, refused: 1 },
  });

  await redis.freeze();
  const refused = await submitBatch([good, bad, good]);
  const { code, details } = refusalOf(refused, 503);
  expect(code).toBe("QUEUE_UNAVAILABLE");
  expect(details["task_ids"]).toHaveLength(2);
  expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  expect(refused.tookMs).toBeLessThan(ANSWERED_WITHIN_MS);
  expect(await submitBatch([bad])).toMatchObject({
    status: 202,
    body: { accepted: 0, refused: 1 },
  });
  await redis.thaw();
});
