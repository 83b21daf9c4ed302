import { expect, test } from "vitest";
import { refusalOf, submit, submitAndWait, submitAsync } from "../support/api-client.ts";
import { readEvents, type EventReader } from "../support/event-reader.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { onRedis } from "../support/redis-commands.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const ALL = "/orchestrator/tasks/events";
const TASK = { droplet_name: "echo", path: "/" };

test("an API that stops ends its streams at once, and their clients go on at another", async () => {
  await using droplet = await startDroplet("echo", ["hang"]);
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const stopping = await orchestrator.addApi();
  const { task_id } = await submitAsync(orchestrator.api, TASK);
  const path = `/orchestrator/tasks/${task_id}/events`;
  await using ofTask = await readEvents(stopping, path);
  await using ofAll = await readEvents(stopping, ALL);
  await ofTask.untilCount(2);
  await untilPosition(ofAll);

  const { code, tookMs } = await stopping.stop();
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(3000);
  for (const reader of [ofTask, ofAll]) {
    await reader.untilEnd();
    expect(reader.wasEnded, "and not cut").toBe(true);
  }
  await droplet.release();
  const { lastEventId } = ofTask;
  await using resumed = await readEvents(orchestrator.api, path, { lastEventId });
  await resumed.untilEnd();
  expect([...ofTask.names, ...resumed.names]).toEqual(["queued", "running", "success"]);
});

test("streams beyond EVENT_STREAMS_MAX are refused until one is closed", async () => {
  await using orchestrator = await startOrchestrator({
    workers: 0,
    apiEnv: { EVENT_STREAMS_MAX: "2" },
  });
  await using first = await readEvents(orchestrator.api, ALL);
  await using second = await readEvents(orchestrator.api, ALL);
  expect([first.status, second.status]).toEqual([200, 200]);
  const refused = await send(orchestrator.api, ALL);
  expect(refusalOf(refused, 503)).toMatchObject({
    code: "OVERLOADED",
    details: { streams_max: 2 },
  });
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  first.hangUp();
  await waitFor("a free place", async () => {
    await using third = await readEvents(orchestrator.api, ALL);
    return third.status === 200;
  });
});

test("a client that was away for longer than the stream remembers is told so", async () => {
  await using droplet = await startDroplet("echo");
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const { api, redisUrl, keyPrefix } = orchestrator;
  await using before = await readEvents(api, ALL);
  await submitAndWait(api, TASK);
  await before.untilCount(3);
  await submitAndWait(api, TASK);
  await before.untilCount(6);
  // What 20,000 later entries would do: all that a task was while its caller waited is in one.
  await onRedis(
    redisUrl,
    async (redis) => await redis.xtrim(`${keyPrefix}:{all}:events`, "MAXLEN", 1),
  );

  const [first = "", ...others] = before.events.map(({ id }) => id);
  await using away = await readEvents(api, ALL, { lastEventId: first });
  await away.untilCount(1);
  expect(away.events[0]).toMatchObject({ event: "reset", id: others.at(-1) });
  await submitAndWait(api, TASK);
  await away.untilCount(4);
  expect(away.names).toEqual(["reset", "queued", "running", "success"]);

  await using kept = await readEvents(api, ALL, { lastEventId: others.at(-2) ?? "" });
  await kept.untilCount(4);
  expect(kept.names).toEqual(["success", "queued", "running", "success"]);

  await using ahead = await readEvents(api, ALL, { lastEventId: "999999999999999-0" });
  await ahead.untilCount(1);
  expect(ahead.names).toEqual(["reset"]);
});

test("streams go on where they stopped when Redis was away, and read Redis only while somebody listens", async () => {
  await using redis = await startPrivateRedis({ isDurable: true });
  await using droplet = await startDroplet("echo", ["hang"]);
  await using orchestrator = await startOrchestrator({ redisUrl: redis.url, droplets: [droplet] });
  const { api } = orchestrator;
  const readers = async (): Promise<number> =>
    await onRedis(redis.url, async (connection) => {
      const list = String(await connection.client("LIST"));
      return list.split("\n").filter((line) => line.includes("name=orchestrator-api-events"))
        .length;
    });
  expect(await readers()).toBe(0);
  const { task_id } = await submitAsync(api, TASK);
  await using ofTask = await readEvents(api, `/orchestrator/tasks/${task_id}/events`);
  // What comes while the others connect, one may see and the next not.
  await ofTask.untilCount(2);
  await using ofAll = await readEvents(api, ALL);
  await using ofMore = await readEvents(api, ALL);
  await untilPosition(ofAll);
  expect(await readers()).toBe(1);

  await redis.stop();
  const refused = await send(api, `/orchestrator/tasks/${task_id}/events`);
  expect(refusalOf(refused, 503).code).toBe("QUEUE_UNAVAILABLE");
  await redis.start();
  await waitFor("tasks to be taken again", async () => {
    return (await submit(api, TASK, { wait: false })).status === 202;
  });
  await droplet.release();
  await ofTask.untilEnd(20_000);
  expect(ofTask.names.at(0)).toBe("queued");
  expect(ofTask.names.at(-1)).toBe("success");
  const ended = (): boolean =>
    ofAll.data.some((event) => event.task_id === task_id && event.status === "success");
  await waitFor("the end in the stream of all", ended);
  expect(ofMore.events).toEqual(ofAll.events);
  expect(new Set(ofAll.events.map(({ id }) => id)).size).toBe(ofAll.events.length);

  for (const reader of [ofAll, ofMore]) reader.hangUp();
  await waitFor("the reader to be gone", async () => (await readers()) === 0);
});

async function untilPosition(reader: EventReader): Promise<void> {
  await waitFor("a position in the stream", () => reader.lastEventId !== "");
}
