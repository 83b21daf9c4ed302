import { submit, submitAndWait, submitAsync } from "../support/api-client.ts";
import { operate } from "../support/operate.ts";
import { perTask, startDroplet } from "../support/scripted-droplet.ts";
import { startOrchestrator, type Orchestrator } from "../support/start-orchestrator.ts";
import type { OutgoingHttpHeaders } from "node:http";
import { waitFor } from "../support/wait-for.ts";
import { OPERATOR, OPERATOR_ENV } from "./open-browser.ts";

export const AS_OPERATOR: OutgoingHttpHeaders = {
  authorization: `Basic ${Buffer.from(`${OPERATOR.username}:${OPERATOR.password}`).toString("base64")}`,
};

const LONG_NAME = "reconciliation-of-invoices-across-three-regions-and-two-currencies";

/** Something to look at in every view: many droplets, one paused, one failing, tasks in every state. */
export interface Showcase extends AsyncDisposable {
  orchestrator: Orchestrator;
  /** A task that failed after retries, and one with a callback. */
  failed: string;
  replayed: string;
}

export async function startShowcase(): Promise<Showcase> {
  await using opened = new AsyncDisposableStack();
  const droplet = opened.use(
    await startDroplet("billing", (request) => {
      if (request.path.startsWith("/retried")) return perTask([503, 503, 200])(request);
      if (request.path.startsWith("/broken"))
        return { status: 500, json: { error: "database is locked", at: "INSERT INTO invoices" } };
      return { json: { paid: true, amount: 1280, currency: "EUR" }, afterMs: 40 };
    }),
  );
  const others = ["checkout", "search", "mail", LONG_NAME, "ledger"];
  const many = Array.from(
    { length: 24 },
    (_, n) => `worker-pool-${String(n + 1).padStart(2, "0")}`,
  );
  const all = ["billing", ...others, ...many].map((name) => ({ name, url: droplet.url }));
  const orchestrator = opened.use(await startOrchestrator({ droplets: all, apiEnv: OPERATOR_ENV }));
  const { api } = orchestrator;
  await operate(api, "mail", "pause", {}, AS_OPERATOR);
  await operate(api, "ledger", "circuit", { state: "open" }, AS_OPERATOR);
  await operate(
    api,
    "checkout",
    "limits",
    { concurrency: 20, rate: { max: 100, per_ms: 1000 } },
    AS_OPERATOR,
  );
  const meta = { requested_by: "shop-frontend" };
  await Promise.all([
    ...others
      .slice(0, 3)
      .map(async (name) => await submitAsync(api, { droplet_name: name, path: "/orders/7", meta })),
    ...Array.from(
      { length: 12 },
      async (_, n) =>
        await submitAndWait(api, { droplet_name: "search", path: `/index?page=${n}` }),
    ),
    ...Array.from(
      { length: 6 },
      async (_, n) =>
        await submit(api, { droplet_name: LONG_NAME, path: `/broken/${n}`, max_retries: 0, meta }),
    ),
    submitAsync(api, {
      droplet_name: "mail",
      path: "/send",
      method: "POST",
      payload: { to: "a@example.com" },
    }),
    submitAsync(api, { droplet_name: "checkout", path: "/later", delay_ms: 3_600_000 }),
  ]);
  const failed = await submitAndWait(api, {
    droplet_name: "billing",
    method: "POST",
    path: "/broken/invoices/2026-11?customer=4711",
    payload: { customer: 4711, items: [{ sku: "A-1", count: 2 }], note: "rush" },
    headers: { "x-tenant": "north", authorization: "Bearer not-to-be-seen" },
    callback: { droplet_name: "search", path: "/ended" },
    max_retries: 2,
    meta,
  });
  const replay = await fetch(`${api.url}/orchestrator/tasks/${failed.task_id}/retry?wait=20`, {
    method: "POST",
  });
  const { task_id: replayed } = (await replay.json()) as { task_id: string };
  await submitAndWait(api, { droplet_name: "billing", path: "/retried/1", meta });
  await waitFor("the numbers to be there", async () => (await fetch(`${api.url}/metrics`)).ok);
  const closing = opened.move();
  return {
    orchestrator,
    failed: failed.task_id,
    replayed,
    [Symbol.asyncDispose]: async () => await closing.disposeAsync(),
  };
}
