import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { submit } from "../support/api-client.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import type { Answer } from "../support/send.ts";
import type { Service } from "../support/service.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

const CALLERS = 1000;

test(
  "1,000 callers at once on two APIs and two workers each get their own result, and each task is sent once",
  { timeout: 90_000 },
  async () => {
    // Answers out of order: whoever mixed callers up by turn would be found out.
    await using droplet = await startDroplet("crowd", ({ path, taskId, json }) => ({
      json: { path, taskId, json },
      afterMs: (Number(path.slice(1)) * 37) % 200,
    }));
    await using orchestrator = await startOrchestrator({
      droplets: [droplet],
      apis: 2,
      workers: 2,
    });

    const answers = await Promise.all(
      Array.from({ length: CALLERS }, async (_, n) => {
        const api = orchestrator.apis[n % 2] ?? orchestrator.api;
        return await submitUntilTaken(api, n);
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
  },
);

/**
 * On a machine that is too busy to take a thousand tasks within two seconds some callers are told to come again.
 * They do so as the contract says, with the same Idempotency-Key, and join what was taken.
 */
async function submitUntilTaken(api: Service, n: number): Promise<Answer> {
  const task = { droplet_name: "crowd", method: "POST", path: `/${n}`, payload: { caller: n } };
  const headers = { "idempotency-key": `caller-${n}` };
  for (;;) {
    const answer = await submit(api, task, { headers });
    if (answer.status !== 503) return answer;
    await delay(Number(answer.headers["retry-after"]) * 1000);
  }
}
