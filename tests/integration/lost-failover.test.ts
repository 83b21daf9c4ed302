import { expect, test } from "vitest";
import { readTask, submit, submitAndWait, submitAsync, untilEnded } from "../support/api-client.ts";
import { startPrivateRedis } from "../support/private-redis.ts";
import { onRedis } from "../support/redis-commands.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { startSlowProxy } from "../support/slow-proxy.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const task = { droplet_name: "ferry", path: "/", method: "POST" };
const TASKS = 60;

/** A killed worker's 15 s are the longest anything may take to go on; three times that. */
const RECOVERED = { timeoutMs: 45_000, everyMs: 100 };

async function untilReplicating(url: string): Promise<void> {
  await waitFor("the replica to be in step", async () => {
    const role = await onRedis(url, async (redis) => await redis.call("ROLE"));
    return Array.isArray(role) && role[3] === "connected";
  });
}

test(
  "Redis fails over to its replica: every process goes on by itself, and what was acknowledged and replicated ends",
  { timeout: 150_000 },
  async () => {
    await using droplet = await startDroplet("ferry", ["hang"]);
    await using first = await startPrivateRedis();
    await using second = await startPrivateRedis();
    const [, , port] = first.url.split(":");
    await onRedis(second.url, async (redis) => await redis.replicaof("127.0.0.1", Number(port)));
    await untilReplicating(second.url);
    await using line = await startSlowProxy(first.url);
    await using orchestrator = await startOrchestrator({
      droplets: [droplet],
      redisUrl: line.url,
      apis: 2,
      workers: 2,
    });
    const { api, apis, workers } = orchestrator;
    const pids = [...apis, ...workers].map(({ pid }) => pid);
    const done = await (async () => {
      droplet.on("/done", [200]);
      return await submitAndWait(api, { ...task, path: "/done" });
    })();
    const waiting = submit(api, task);
    const accepted = await Promise.all(
      Array.from(
        { length: TASKS },
        async (_, n) =>
          await submitAsync(apis[n % 2] ?? api, { ...task, delay_ms: n % 3 === 0 ? 3000 : 0 }),
      ),
    );
    await droplet.untilHanging(TASKS / 2);
    const inStep = await onRedis(first.url, async (redis) => {
      await redis.set("mark", "1");
      return await redis.wait(1, 10_000);
    });
    expect(inStep, "the replica has it all").toBe(1);

    await first.stop();
    line.leadTo(second.url);
    const lostAt = performance.now();
    // A replica answers but takes no writes until it is promoted, as after every real failover.
    await onRedis(second.url, async (redis) => await redis.replicaof("NO", "ONE"));
    droplet.on("/", [{ json: "after" }]);
    await droplet.release({ json: "before" });
    for (const one of apis) {
      await waitFor(
        `${one.name} to take tasks`,
        async () => (await submit(one, task, { wait: 5 })).status === 200,
        RECOVERED,
      );
    }
    const recoveredInMs = performance.now() - lostAt;
    const ids = accepted.map(({ task_id }) => task_id);
    const ended = await Promise.all(ids.map(async (id) => await untilEnded(api, id, 60_000)));
    const answer = await waiting;
    const more = ids.filter((id) => droplet.callsOf(id).length > 1).length;
    process.stdout.write(
      `Redis failed over: tasks taken again after ${Math.round(recoveredInMs)} ms, ${ended.length} of ${TASKS} accepted ` +
        `tasks ended, ${more} sent more than once, the waiting caller got ${answer.status}\n`,
    );
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(["success"]));
    expect([200, 202]).toContain(answer.status);
    expect((await readTask(api, done.task_id)).status).toBe("success");
    expect(
      [...apis, ...workers].map(({ pid }) => pid),
      "no process was restarted",
    ).toEqual(pids);
  },
);
