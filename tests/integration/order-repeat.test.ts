import { expect, test } from "vitest";
import { readDroplets, refusalOf, submit, submitAsync } from "../support/api-client.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import { waitFor } from "../support/wait-for.ts";

const keyed = (key: string) => ({ headers: { "idempotency-key": key } });

test("a repeat under its key gets its result or its task although the droplet has left the list; another request, or a new key, does not", async () => {
  await using leaver = await startDroplet("leaver");
  await using stayer = await startDroplet("stayer");
  await using orchestrator = await startOrchestrator({ droplets: [leaver, stayer] });
  const { api, registry } = orchestrator;
  const task = { droplet_name: "leaver", path: "/pay", method: "POST", payload: { amount: 1 } };
  const first = await submit(api, task, keyed("ended"));
  expect(first.status).toBe(200);
  const delayed = { ...task, delay_ms: 3_600_000 };
  const { task_id } = await submitAsync(api, delayed, keyed("delayed"));

  registry.list = registry.list.filter(({ name }) => name !== "leaver");
  await waitFor("it to be off the list", async () => {
    const { droplets } = await readDroplets(api);
    return !droplets.some(({ name }) => name === "leaver");
  });

  const again = await submit(api, task, keyed("ended"));
  expect(again).toMatchObject({ status: 200, body: first.body });
  expect(again.headers["idempotency-replayed"]).toBe("true");
  const joined = await submit(api, delayed, keyed("delayed"));
  expect(joined).toMatchObject({ status: 202, body: { task_id, status: "queued" } });
  const other = await submit(api, { ...task, payload: { amount: 2 } }, keyed("ended"));
  expect(refusalOf(other, 422).code).toBe("IDEMPOTENCY_MISMATCH");
  for (const options of [keyed("new"), {}]) {
    expect(refusalOf(await submit(api, task, options), 400).code).toBe("DROPLET_NOT_FOUND");
  }
  expect(leaver.requests).toHaveLength(1);
});
