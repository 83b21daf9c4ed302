import { expect, test } from "vitest";
import { submit } from "../support/api-client.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

const CALLERS = 1000;

test("1,000 callers waiting at once on two APIs and two workers each get their own result", async () => {
  // Answers out of order: whoever mixed callers up by turn would be found out.
  await using droplet = await startDroplet("crowd", ({ path, taskId, json }) => ({
    json: { path, taskId, json },
    afterMs: (Number(path.slice(1)) * 37) % 200,
  }));
  await using orchestrator = await startOrchestrator({ droplets: [droplet], apis: 2, workers: 2 });

  const answers = await Promise.all(
    Array.from({ length: CALLERS }, async (_, n) => {
      const api = orchestrator.apis[n % 2] ?? orchestrator.api;
      const task = { droplet_name: "crowd", method: "POST", path: `/${n}`, payload: { caller: n } };
      return await submit(api, task);
    }),
  );

  for (const [n, { status, body }] of answers.entries()) {
    const { task_id } = body as { task_id: string };
    expect([n, status, body]).toEqual([
      n,
      200,
      expect.objectContaining({
        status: "success",
        response_body: { path: `/${n}`, taskId: task_id, json: { caller: n } },
      }),
    ]);
  }
  expect(droplet.requests).toHaveLength(CALLERS);
  const busy = orchestrator.workers.map(({ logs }) => logs.filter("attempt.finished").length);
  expect(Math.min(...busy), "both workers took part").toBeGreaterThan(0);
}, 60_000);
