import { once } from "node:events";
import { createServer } from "node:http";
import { receiveDeliveries } from "@orchestrator/client/express";
import { OrchestratorClient } from "@orchestrator/client";
import { expect, test } from "vitest";
import { boundPort } from "../support/free-port.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

test("a droplet with the middleware does a task once although its worker was killed in the middle", async () => {
  const held: (() => void)[] = [];
  const attempts: unknown[] = [];
  let runs = 0;
  const receive = receiveDeliveries();
  const droplet = createServer((request, response) => {
    attempts.push(request.headers["x-attempt"]);
    void receive(request, response, () => {
      runs++;
      held.push(() => {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ runs }));
      });
    });
  });
  droplet.listen(0, "127.0.0.1");
  await once(droplet, "listening");
  const url = `http://127.0.0.1:${boundPort(droplet)}`;
  try {
    await using system = await startOrchestrator({ droplets: [{ name: "once", url }] });
    const client = new OrchestratorClient({ url: system.api.url });
    const task = { droplet_name: "once", method: "POST", path: "/pay", payload: {} } as const;
    const { task_id } = await client.submit(task);
    await waitFor("the first delivery", () => runs === 1);
    await system.worker.kill();
    await system.addWorker();
    await waitFor("the second delivery", () => attempts.length === 2, { timeoutMs: 45_000 });
    for (const answer of held) answer();
    const record = await client.poll(task_id);
    expect(record).toMatchObject({ status: "success", response_body: { runs: 1 } });
    expect(record.attempts.map(({ outcome }) => outcome)).toEqual([
      "sent_no_response",
      "responded",
    ]);
    expect(attempts).toEqual(["1", "2"]);
    expect(runs).toBe(1);
  } finally {
    droplet.closeAllConnections();
    droplet.close();
  }
});
