import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { listTasks, refusalOf, submit, submitAndWait } from "../support/api-client.ts";
import { MAIN_FLOWS } from "../support/main-flows.ts";
import { createPrivateCa, HAS_OPENSSL } from "../support/private-ca.ts";
import { onRedis } from "../support/redis-commands.ts";
import { REDIS_BINARY, SERVER_SETTINGS, startRedisNode } from "../support/redis-node.ts";
import { echo, startDroplet, type ScriptedDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

const ACCESS = new URL("../../deploy/redis/access.conf", import.meta.url);

const FORBIDDEN = ["FLUSHALL", "CONFIG GET *", "KEYS *", "SCAN 0", "SHUTDOWN NOSAVE", "ACL LIST"];

test.concurrent("two orchestrators under different prefixes share one Redis and see nothing of each other", async () => {
  await using one = await startDroplet("twin", [{ json: { by: "one" } }]);
  await using other = await startDroplet("twin", [{ json: { by: "other" } }]);
  await using first = await startOrchestrator({ droplets: [one] });
  await using second = await startOrchestrator({ droplets: [other] });
  const task = { droplet_name: "twin", path: "/" };
  const message = { trace_id: "t-1", source: "teller", target: 2, message_type: "event" };
  await send(first.api, "/orchestrator/message", { method: "POST", json: message });
  const results = await Promise.all([
    submitAndWait(first.api, task),
    submitAndWait(first.api, task),
    submitAndWait(second.api, task),
  ]);
  expect(results.map(({ response_body }) => response_body)).toEqual(
    ["one", "one", "other"].map((by) => ({ by })),
  );
  expect([(await listTasks(first.api)).total, (await listTasks(second.api)).total]).toEqual([2, 1]);
  const foreign = await send(second.api, `/orchestrator/tasks/${results[0].task_id}`);
  expect(refusalOf(foreign, 404).code).toBe("TASK_NOT_FOUND");
  const messages = "/orchestrator/messages?source=teller";
  expect((await send(first.api, messages)).body).toMatchObject({ total: 1 });
  expect((await send(second.api, messages)).body).toMatchObject({ total: 0 });
  expect((await send(second.api, "/orchestrator/state")).body).toMatchObject({
    workers: [{ running: expect.any(Number) }],
  });
});

describe.skipIf(REDIS_BINARY === null)("on a Redis with rules of its own", () => {
  test.concurrent("the user of deploy/redis/access.conf may do all we need, and nothing else", async () => {
    const access = (await readFile(ACCESS, "utf8")).split("\n");
    const admin = "user admin on >admin ~* &* +@all";
    await using redis = await startRedisNode([...SERVER_SETTINGS, ...access, admin]);
    await using opened = new AsyncDisposableStack();
    const droplets: ScriptedDroplet[] = [];
    for (const n of Object.keys(MAIN_FLOWS).keys()) {
      droplets.push(opened.use(await startDroplet(`Droplet-${n}`, echo)));
    }
    const redisUrl = `redis://orchestrator:change-me@127.0.0.1:${redis.port}`;
    await using orchestrator = await startOrchestrator({
      redisUrl,
      droplets,
      env: { KEY_PREFIX: "orchestrator" },
      apiEnv: { RATE_LIMIT: "100000/60" },
    });
    await Promise.all(
      Object.values(MAIN_FLOWS).map(async (flow, n) => {
        const droplet = droplets[n];
        if (droplet !== undefined) await flow({ api: orchestrator.api, droplet });
      }),
    );
    const denied = await onRedis(`redis://admin:admin@127.0.0.1:${redis.port}`, async (one) => {
      return await one.acl("LOG");
    });
    expect(denied).toEqual([]);

    await onRedis(redisUrl, async (own) => {
      await expect(own.set("orchestrator:x", "1")).resolves.toBe("OK");
      await expect(own.set("others:x", "1")).rejects.toThrow(/NOPERM/);
      await expect(own.publish("others:x", "1")).rejects.toThrow(/NOPERM/);
      for (const forbidden of FORBIDDEN) {
        const [command = "", ...args] = forbidden.split(" ");
        await expect(own.call(command, ...args)).rejects.toThrow(/NOPERM/);
      }
    });
  });

  test.concurrent("a wrong password is named in the log, and callers are told that the queue is not there", async () => {
    const access = (await readFile(ACCESS, "utf8")).split("\n");
    await using redis = await startRedisNode([...SERVER_SETTINGS, ...access]);
    await using orchestrator = await startOrchestrator({
      redisUrl: `redis://orchestrator:wrong-one@127.0.0.1:${redis.port}`,
      workers: 0,
      waitUntil: "listening",
    });
    const { api } = orchestrator;
    await api.waitForLog((line) => JSON.stringify(line).includes("WRONGPASS"));
    const refused = await submit(api, { droplet_name: "registry", path: "/" });
    expect(refusalOf(refused, 503).code).toBe("QUEUE_UNAVAILABLE");
    expect(JSON.stringify(api.logs.lines)).not.toContain("wrong-one");
  });
});

describe.skipIf(REDIS_BINARY === null || !HAS_OPENSSL)("on a Redis that speaks TLS", () => {
  test.concurrent("a private CA and our own certificate serve; another CA is refused and named", async () => {
    await using ca = await createPrivateCa("the mesh's CA");
    await using otherCa = await createPrivateCa("another CA");
    const [server, ours] = await Promise.all([ca.issue("redis"), ca.issue("orchestrator")]);
    await using redis = await startRedisNode([
      ...SERVER_SETTINGS,
      "port 0",
      "tls-port PORT",
      `tls-cert-file ${server.cert}`,
      `tls-key-file ${server.key}`,
      `tls-ca-cert-file ${ca.ca}`,
    ]);
    await using droplet = await startDroplet("echo", echo);
    const redisUrl = `rediss://127.0.0.1:${redis.port}`;
    const own = { REDIS_TLS_CERT: ours.cert, REDIS_TLS_KEY: ours.key };
    await using orchestrator = await startOrchestrator({
      redisUrl,
      droplets: [droplet],
      env: { REDIS_TLS_CA: ca.ca, ...own },
    });
    const flow = MAIN_FLOWS["events of one task and of all"];
    await flow?.({ api: orchestrator.api, droplet });

    await using mistrusting = await startOrchestrator({
      redisUrl,
      workers: 0,
      env: { REDIS_TLS_CA: otherCa.ca, ...own },
      waitUntil: "listening",
    });
    const { api } = mistrusting;
    const line = await api.waitForLog("redis.failed");
    expect(JSON.stringify(line)).toMatch(/TLS to Redis failed: .*REDIS_TLS_CA names the CA/);
    const refused = await submit(api, { droplet_name: "registry", path: "/" });
    expect(refusalOf(refused, 503).code).toBe("QUEUE_UNAVAILABLE");
  });
});
