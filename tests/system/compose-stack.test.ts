import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import {
  readDroplets,
  readTask,
  refusalOf,
  submit,
  submitAndWait,
  submitAsync,
  untilEnded,
} from "../support/api-client.ts";
import { send } from "../support/send.ts";
import { ComposeProject, type ServiceName } from "./compose-project.ts";
import { docker, evaluateIn, inspect } from "./docker.ts";
import { waitPatiently } from "./wait-patiently.ts";

const noEngine = inject("noEngine");
const title = "docker-compose --profile demo up";
const echo = { droplet_name: "echo", path: "/hello" };

/** The tests share one project and leave it running, so that they can be read, and fail, one by one. */
describe.skipIf(noEngine !== null)(noEngine ? `${title} (there is ${noEngine})` : title, () => {
  let project: ComposeProject;
  let earlierTaskId: string;

  beforeAll(async () => {
    project = new ComposeProject();
    await project.up();
    earlierTaskId = (await submitAndWait(await project.untilRouting(), echo)).task_id;
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await project.showLogs();
  });
  afterAll(async () => await project[Symbol.asyncDispose]());

  test("gives a working system in which every container calls itself healthy", async () => {
    for (const service of ["redis", "api", "worker", "demo"] as const) {
      const container = await project.containerOf(service);
      await waitPatiently(
        `${service} to be healthy`,
        async () => (await inspect(container, ".State.Health.Status")) === "healthy",
      );
    }
    const { dependencies } = await project.untilHealth("active");
    expect(dependencies).toMatchObject({
      redis: { status: "healthy" },
      workers: { status: "healthy", count: 1 },
      cache: { status: "active", warning: null },
    });
  });

  test("the API says which build it is, and can do what its image's label says", async () => {
    const { body } = await send(await project.api(), "/orchestrator/capabilities");
    const { features, metadata } = body as { features: string[]; metadata: object };
    expect(metadata).toMatchObject({
      commit_hash: "0123abc",
      build_date: "2026-01-02T03:04:05Z",
    });
    const labels = await inspect(await project.containerOf("api"), ".Config.Labels");
    const promised = (labels as Record<string, string>)["droplet.capabilities"] ?? "";
    expect(features).toEqual(expect.arrayContaining(promised.split(",")));
  });

  test("a task is answered to the caller who waits, and found again by its id", async () => {
    const api = await project.api();
    const result = await submitAndWait(api, { ...echo, method: "POST", payload: { n: 1 } });
    expect(result).toMatchObject({
      status: "success",
      target_url: "http://demo:8010/hello",
      response_status: 200,
      response_body: { method: "POST", body: { n: 1 } },
    });
    expect(await readTask(api, result.task_id)).toMatchObject({ status: "success" });
  });

  test("a caller who will not wait long polls for the end", async () => {
    const api = await project.api();
    const answer = await submit(api, { droplet_name: "slow", path: "/x" }, { wait: 1 });
    expect(answer.status).toBe(202);
    const { task_id: id } = answer.body as { task_id: string };
    expect(answer.headers.location).toBe(`/orchestrator/tasks/${id}`);
    expect(await untilEnded(api, id)).toMatchObject({ status: "success" });
  });

  test("a droplet that fails twice is called a third time", async () => {
    const flaky = { droplet_name: "flaky", path: "/x" };
    const result = await submitAndWait(await project.api(), flaky);
    expect(result).toMatchObject({ status: "success", retry_count: 2 });
  });

  test.for<ServiceName>(["redis", "api", "worker", "demo"])(
    "%s runs without root, without capabilities and without a writable root",
    async (service) => {
      const container = await project.containerOf(service);
      // Process 1 is the init; what it has started holds what we have been given.
      const status = await docker("exec", container, "cat", "/proc/self/status");
      expect(status).toMatch(/^CapEff:\s+0+$/m);
      expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
      expect(status).not.toMatch(/^Uid:\s+0\s/m);
      const touch = docker("exec", container, "touch", "/etc/x", "/app/x");
      await expect(touch).rejects.toThrow(/Read-only file system/);
    },
  );

  test("the API can read the snapshot of the droplet list, and only the worker can write it", async () => {
    const snapshot = "/var/cache/fpai/orchestrator_droplets.json";
    const write = `fs.accessSync("${snapshot}", fs.constants.W_OK)`;
    const [api, worker] = [await project.containerOf("api"), await project.containerOf("worker")];
    expect(await evaluateIn(api, `fs.readFileSync("${snapshot}", "utf8")`)).toContain("echo");
    await evaluateIn(worker, `${write} ?? "writable"`);
    await expect(evaluateIn(api, write)).rejects.toThrow("EROFS");
  });

  test.for<ServiceName>(["api", "worker", "redis", "demo"])(
    "after a restart of %s everything works on, and earlier tasks are known",
    async (service) => {
      await project.compose(["restart", service]);
      const api = await project.untilRouting();
      expect(await submitAndWait(api, echo)).toMatchObject({ status: "success" });
      expect(await readTask(api, earlierTaskId)).toMatchObject({ status: "success" });
    },
  );

  test.for<ServiceName>(["api", "worker"])(
    "%s is started again when it is killed",
    async (service) => {
      const container = await project.containerOf(service);
      const startedAt = await inspect(container, ".State.StartedAt");
      // Everything but process 1, which then ends for want of a child; `docker kill` would count as our own wish.
      await docker("exec", container, "sh", "-c", "kill -9 -1").catch(() => {});
      await waitPatiently(
        `${service} to be started again`,
        async () => (await inspect(container, ".State.StartedAt")) !== startedAt,
      );
      expect(await submitAndWait(await project.untilRouting(), echo)).toMatchObject({
        status: "success",
      });
    },
  );

  test("workers grow and shrink in number, and each of them gets tasks", async () => {
    await project.up(["--no-recreate", "--scale", "worker=2"]);
    await waitPatiently("both workers to be counted", async () => {
      return (await project.health()).dependencies.workers.count === 2;
    });
    const api = await project.api();
    const workers = await project.containersOf("worker");
    await waitPatiently("each worker to finish a task", async () => {
      await Promise.all(Array.from({ length: 10 }, async () => await submitAndWait(api, echo)));
      const logs = await Promise.all(workers.map(async (worker) => await docker("logs", worker)));
      return logs.every((log) => log.includes('"attempt.finished"'));
    });
    await project.up(["--no-recreate", "--scale", "worker=1"]);
    await waitPatiently("one worker to be left", async () => {
      return (await project.health()).dependencies.workers.count === 1;
    });
  });

  test("a worker that is stopped finishes what runs, and ends with 0", async () => {
    const api = await project.api();
    const { task_id: id } = await submitAsync(api, { droplet_name: "slow", path: "/x" });
    await waitPatiently(
      "the task to run",
      async () => (await readTask(api, id)).status === "running",
    );
    const startedAt = performance.now();
    await project.stop("worker");
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(await project.exitCodeOf("worker")).toBe(0);
    const record = await readTask(api, id);
    expect(record).toMatchObject({ status: "success", retry_count: 0 });
    expect(record.attempts).toHaveLength(1);
  });

  test("without a worker a task is accepted with 202, health says why, and the next worker does it", async () => {
    const { dependencies } = await project.untilHealth("error");
    expect(dependencies).toMatchObject({
      redis: { status: "healthy" },
      workers: { status: "unhealthy", count: 0 },
    });
    const api = await project.api();
    const { status, body } = await submit(api, echo, { wait: 1 });
    expect({ status, body }).toMatchObject({ status: 202, body: { status: "queued" } });
    await project.start("worker");
    const { task_id: id } = body as { task_id: string };
    expect(await untilEnded(api, id, 60_000)).toMatchObject({ status: "success" });
  });

  test("an API that is stopped answers whoever waits, and ends with 0", async () => {
    await project.untilHealth("active");
    const api = await project.api();
    const waiting = submit(api, { droplet_name: "slow", path: "/last" }, { wait: 30 });
    await waitPatiently("the task to run", async () => {
      const { tasks } = (await send(api, "/orchestrator/tasks?status=running")).body as {
        tasks: { path: string }[];
      };
      return tasks.some(({ path }) => path === "/last");
    });
    await project.stop("api");
    const { status, body } = await waiting;
    expect(await project.exitCodeOf("api")).toBe(0);
    expect([200, 202]).toContain(status);
    await project.start("api");
    const { task_id: id } = body as { task_id: string };
    expect(await untilEnded(await project.untilRouting(), id)).toMatchObject({ status: "success" });
  });

  test("without Redis a task is refused within 2 s and health says why; with it all is as before", async () => {
    await project.stop("redis");
    const { dependencies } = await project.untilHealth("error");
    expect(dependencies.redis.status).toBe("unhealthy");
    const api = await project.api();
    const refused = await submit(api, echo);
    expect(refusalOf(refused, 503).code).toBe("QUEUE_UNAVAILABLE");
    expect(refused.tookMs).toBeLessThan(2500);
    expect((await send(api, "/healthz/ready")).status).toBe(503);
    expect((await send(api, "/healthz/live")).status).toBe(200);

    await project.start("redis");
    await project.untilRouting();
    expect(await submitAndWait(api, echo)).toMatchObject({ status: "success" });
    expect(await readTask(api, earlierTaskId)).toMatchObject({ status: "success" });
  });

  test("tasks and the droplet list outlive the containers, also while the Registry is gone", async () => {
    await project.compose(["down"]);
    await project.up([], []);
    await project.untilHealth("active");
    const api = await project.api();
    expect(await readTask(api, earlierTaskId)).toMatchObject({ status: "success" });
    const { droplets } = await waitPatiently("the failed sync to be noticed", async () => {
      const answer = await readDroplets(api);
      return answer.served_from === "cache" && answer;
    });
    expect(droplets.map(({ name }) => name)).toContain("flaky");
  });

  test("with Redis emptied as well, the list comes back from the snapshot", async () => {
    await project.compose(["down"]);
    await docker("volume", "rm", `${project.name}_redis-data`);
    await project.up([], []);
    await project.untilHealth("active");
    const { droplets, served_from } = await readDroplets(await project.api());
    expect(droplets.map(({ name }) => name)).toContain("flaky");
    expect(served_from).toBe("disk");
  });
});
