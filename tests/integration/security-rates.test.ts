import { expect, test } from "vitest";
import { refusalOf, submit, submitAndWait } from "../support/api-client.ts";
import { scrape, valueOf } from "../support/read-metrics.ts";
import { echo, startDroplet } from "../support/scripted-droplet.ts";
import { send } from "../support/send.ts";
import type { Service } from "../support/service.ts";
import { API_KEYS, as, SIGN_IN_ON, type Who } from "../support/sign-in.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";

test("many requests of one caller on their way at once are no failed sign-ins; wrong keys are, a right key still passes", async () => {
  await using orchestrator = await startOrchestrator({
    workers: 0,
    apiEnv: SIGN_IN_ON,
  });
  const { api } = orchestrator;
  const waiting = await Promise.all(
    Array.from({ length: 25 }, async () => await send(api, "/tasks", { headers: as("reader") })),
  );
  expect(new Set(waiting.map(({ status }) => status))).toEqual(new Set([200]));
  const guess = { headers: { authorization: "Bearer guessed-key-0123456789" } };
  for (let n = 0; n < 10; n += 1) expect((await send(api, "/tasks", guess)).status).toBe(401);
  const refused = await send(api, "/tasks", guess);
  expect(refusalOf(refused, 429).code).toBe("RATE_LIMITED");
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  expect((await send(api, "/tasks", { headers: as("reader") })).status).toBe(200);
  // A password can be guessed: not even the right one is taken now.
  expect((await send(api, "/admin/audit", { headers: as("password") })).status).toBe(429);
});

const ask = async (api: Service, who: Who) => await send(api, "/tasks", { headers: as(who) });

test("RATE_LIMIT holds for each caller over all processes and says so in the standard headers", async () => {
  await using orchestrator = await startOrchestrator({
    workers: 0,
    apis: 2,
    apiEnv: { API_KEYS, RATE_LIMIT: "5/60" },
  });
  const [first, second] = orchestrator.apis as [Service, Service];
  const before = await ask(first, "reader");
  expect(before.status).toBe(200);
  expect(before.headers["ratelimit"]).toMatch(/r=4/);
  expect(before.headers["ratelimit-policy"]).toMatch(/q=5.*w=60/);
  for (const api of [second, first, second, first])
    expect((await ask(api, "reader")).status).toBe(200);
  const over = await ask(second, "reader");
  expect(refusalOf(over, 429).code).toBe("RATE_LIMITED");
  expect(Number(over.headers["retry-after"])).toBeGreaterThan(0);
  expect((await ask(first, "submitter")).status).toBe(200);
  expect((await send(first, "/health")).status).toBe(200);
});

test("without sign-in the service is open and says so, and pages from elsewhere still cannot submit", async () => {
  await using droplet = await startDroplet("open", echo);
  await using orchestrator = await startOrchestrator({ droplets: [droplet] });
  const { api } = orchestrator;
  expect(api.logs.find("signIn.off")).toMatchObject({ level: "warn" });
  expect((await send(api, "/info")).body).toMatchObject({ sign_in: "off" });
  expect(valueOf(await scrape(api), "orchestrator_sign_in_required")).toBe(0);
  const task = { droplet_name: "open", path: "/" };
  expect((await submitAndWait(api, task)).status).toBe("success");
  const foreign = { headers: { origin: "https://evil.example" } };
  expect(refusalOf(await submit(api, task, foreign), 403).code).toBe("FORBIDDEN");
  const headers = { host: "evil.example" };
  expect(refusalOf(await send(api, "/admin/audit", { headers }), 403).code).toBe("FORBIDDEN");
});
