import { expect, test } from "vitest";
import { startDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import type { Service } from "../support/service.ts";
import { waitFor } from "../support/wait-for.ts";

/** The contract's 5 s, with slack for a busy machine. */
const NOTICED_WITHIN_MS = 8000;

/** A worker that stops takes its leave: nobody has to miss it first. */
const SAYS_GOODBYE_WITHIN_MS = 3000;

async function untilHealth(api: Service, expected: object): Promise<void> {
  await waitFor(
    `health to be ${JSON.stringify(expected)}`,
    async () => {
      const { status, body } = await send(api, "/orchestrator/health");
      expect(status).toBe(200);
      expect(body).toMatchObject(expected);
      return true;
    },
    { timeoutMs: NOTICED_WITHIN_MS },
  );
}

test("health has its full shape, and turns to error when every worker is gone and back when one comes", async () => {
  await using droplet = await startDroplet("pulse");
  const env = { PUBLIC_URL: "https://orchestrator.example/", DROPLET_ID: "12" };
  await using orchestrator = await startOrchestrator({ droplets: [droplet], workers: 2, env });
  const { api, registry, workers } = orchestrator;
  const [one, other] = workers;
  await untilHealth(api, { dependencies: { workers: { count: 2 } } });

  const { status, body, headers } = await send(api, "/orchestrator/health");
  expect(status).toBe(200);
  expect(headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(body).toMatchObject({
    status: "active",
    service: "orchestrator",
    name: "orchestrator",
    id: 12,
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    timestamp: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/),
    uptime_seconds: expect.any(Number),
    endpoint: "https://orchestrator.example",
    dependencies: {
      registry: { status: "healthy", url: registry.url },
      cache: { status: "active", age_seconds: expect.any(Number), droplet_count: 1 },
      redis: { status: "healthy" },
      workers: { status: "healthy", count: 2 },
    },
  });

  await one?.kill();
  await untilHealth(api, { status: "active", dependencies: { workers: { count: 1 } } });
  await other?.kill();
  await untilHealth(api, {
    status: "error",
    dependencies: { workers: { status: "unhealthy", count: 0 }, redis: { status: "healthy" } },
  });
  await one?.start();
  await untilHealth(api, { status: "active", dependencies: { workers: { count: 1 } } });

  await one?.stop();
  const { body: after } = await waitFor(
    "the stopped worker to be gone",
    async () => {
      const answer = await send(api, "/orchestrator/health");
      return answer.text.includes('"count":0') && answer;
    },
    { timeoutMs: SAYS_GOODBYE_WITHIN_MS },
  );
  expect(after).toMatchObject({ status: "error" });
});

test("both processes say that they live and that they are ready, at the root and under the prefix", async () => {
  await using orchestrator = await startOrchestrator();
  for (const service of [orchestrator.api, orchestrator.worker]) {
    for (const prefix of ["", "/orchestrator"]) {
      const live = await send(service, `${prefix}/healthz/live`);
      const ready = await send(service, `${prefix}/healthz/ready`);
      expect([service.name, live.status, live.body]).toEqual([
        service.name,
        200,
        { status: "live" },
      ]);
      expect([service.name, ready.status]).toEqual([service.name, 200]);
      expect(ready.body).toMatchObject({ status: "ready" });
    }
  }
});

test("the API is ready without Registry and workers; a worker is ready when its first sync has ended badly", async () => {
  const env = { REGISTRY_URL: "http://127.0.0.1:1" };
  await using orchestrator = await startOrchestrator({ workers: 0, env });
  await orchestrator.api.untilReady();
  const worker = await orchestrator.addWorker();
  await worker.waitForLog("registry.syncFailed");
  await worker.untilReady();
});
