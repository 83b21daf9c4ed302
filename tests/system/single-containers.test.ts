import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { refusalOf, submit, submitAndWait, untilEnded } from "../support/api-client.ts";
import { send } from "../support/send.ts";
import type { Health } from "./compose-project.ts";
import { docker, inspect, urlOf } from "./docker.ts";
import { waitPatiently } from "./wait-patiently.ts";

const noEngine = inject("noEngine");
const title = "docker run, one container at a time";

const API = "fpai-orchestrator:system-test";
const WORKER = "fpai-orchestrator-worker:system-test";
const DEMO = "fpai-orchestrator-demo:system-test";
const REDIS = "redis:7-bookworm";
const PUBLISHED = ["--publish", "127.0.0.1::8001"];
const SETTINGS = ["REGISTRY_URL=http://registry:8000", "REDIS_URL=redis://redis:6379"].flatMap(
  (pair) => ["--env", pair],
);

describe.skipIf(noEngine !== null)(noEngine ? `${title} (there is ${noEngine})` : title, () => {
  const prefix = `${inject("systemRun")}-${randomUUID().slice(0, 8)}`;
  const rootsFolder = `${prefix}-roots-folder`;
  let started: string[] = [];

  /** `docker run` on our network, under the name by which the others find it. */
  async function start(alias: string, args: readonly string[]): Promise<string> {
    const name = `${prefix}-${alias}`;
    const network = ["--network", prefix, "--network-alias", alias];
    await docker("run", "--detach", "--name", name, ...network, ...args);
    started.push(name);
    return name;
  }

  beforeAll(async () => {
    await docker("network", "create", prefix);
    // As a folder that the engine makes on the host for `-v /var/cache/fpai:/var/cache/fpai`.
    await docker("volume", "create", rootsFolder);
    const own = "chown 0:0 /folder && chmod 755 /folder";
    const mount = `${rootsFolder}:/folder`;
    const asRoot = ["run", "--rm", "--user", "0", "--volume", mount];
    await docker(...asRoot, API, "sh", "-c", own);
  });
  afterEach(async ({ task }) => {
    for (const name of started) {
      if (task.result?.state === "fail") {
        process.stderr.write(`\n--- ${name}\n${await docker("logs", "--tail", "40", name)}\n`);
      }
      await docker("rm", "--force", "--volumes", name);
    }
    started = [];
  });
  afterAll(async () => {
    await docker("network", "rm", prefix);
    await docker("volume", "rm", rootsFolder);
  });

  test("the mesh's own command works beside Redis, a worker and a Registry", async () => {
    await start("registry", ["--env", "DEMO_PUBLIC_HOST=registry", DEMO]);
    await start("redis", [REDIS]);
    // `nocopy`: else the engine gives an empty volume the owner that the image has for the folder.
    const mounted = [...SETTINGS, "--volume", `${rootsFolder}:/var/cache/fpai:nocopy`];
    const orchestrator = await start("orchestrator", [...PUBLISHED, ...mounted, API]);
    const worker = await start("worker", [...mounted, WORKER]);
    const api = await urlOf(orchestrator, 8001);
    const health = await untilHealth(api, "active");
    // The folder is root's, and we are not: a warning that says what to mend, and all else works.
    const warned = await waitPatiently("the warning", async () => {
      return (await readHealth(api)).dependencies.cache.warning;
    });
    expect(warned).toContain("/var/cache/fpai/orchestrator_droplets.json as uid 1000");
    expect(health.dependencies.workers.count).toBe(1);
    expect(await submitAndWait(api, { droplet_name: "echo", path: "/x" })).toMatchObject({
      status: "success",
      target_url: "http://registry:8010/x",
    });

    // Without --init, Node is process 1 and hears only what it listens for.
    await docker("stop", orchestrator, worker);
    expect(await inspect(orchestrator, ".State.ExitCode")).toBe(0);
    expect(await inspect(worker, ".State.ExitCode")).toBe(0);
  });

  test("an API without a worker takes tasks, answers 202, and says what it lacks", async () => {
    await start("redis", [REDIS]);
    const orchestrator = await start("orchestrator", [...PUBLISHED, ...SETTINGS, API]);
    const api = await urlOf(orchestrator, 8001);
    const { dependencies } = await waitPatiently("Redis to be found", async () => {
      const health = await readHealth(api);
      return health.dependencies.redis.status === "healthy" && health;
    });
    expect(dependencies.workers).toEqual({ status: "unhealthy", count: 0 });
    expect((await readHealth(api)).status).toBe("error");
    const task = { droplet_name: "registry", path: "/health" };
    const { status, body } = await submit(api, task, { wait: 0.5 });
    expect({ status, body }).toMatchObject({ status: 202, body: { status: "queued" } });

    await start("registry", [DEMO]);
    await start("worker", [...SETTINGS, WORKER]);
    const { task_id: id } = body as { task_id: string };
    expect(await untilEnded(api, id, 30_000)).toMatchObject({ status: "success" });
  });

  test("an API without Redis lives, and says so: not ready, health error, 503 for tasks", async () => {
    const orchestrator = await start("orchestrator", [...PUBLISHED, "--init", "--read-only", API]);
    const api = await urlOf(orchestrator, 8001);
    const { dependencies } = await untilHealth(api, "error");
    expect(dependencies.redis.status).toBe("unhealthy");
    const ready = await send(api, "/healthz/ready");
    expect({ status: ready.status, text: ready.text }).toMatchObject({
      status: 503,
      text: expect.stringContaining("Redis"),
    });
    const refused = await submit(api, { droplet_name: "registry", path: "/health" });
    expect(refusalOf(refused, 503).code).toBe("QUEUE_UNAVAILABLE");
    expect(refused.tookMs).toBeLessThan(2500);
    // Alive all the same: to restart it would not bring Redis back.
    await waitPatiently(
      "the health check's verdict",
      async () => (await inspect(orchestrator, ".State.Health.Status")) === "healthy",
    );
    await docker("stop", orchestrator);
    expect(await inspect(orchestrator, ".State.ExitCode")).toBe(0);
  });
});

async function readHealth(api: { url: string }): Promise<Health> {
  return (await send(api, "/orchestrator/health")).body as Health;
}

async function untilHealth(api: { url: string }, status: string): Promise<Health> {
  return await waitPatiently(`health to be ${status}`, async () => {
    const health = await readHealth(api);
    if (health.status !== status) throw new Error(JSON.stringify(health));
    return health;
  });
}
