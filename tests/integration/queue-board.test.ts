import type { OutgoingHttpHeaders } from "node:http";
import { expect, test } from "vitest";
import { refusalOf, submitAndWait } from "../support/api-client.ts";
import { startDroplet } from "../support/scripted-droplet.ts";
import { entryOf } from "../support/scripted-registry.ts";
import { send } from "../support/send.ts";
import { shareOrchestrator } from "../support/share-orchestrator.ts";
import { startOrchestrator } from "../support/start-orchestrator.ts";
import type { Service } from "../support/service.ts";
import { waitFor } from "../support/wait-for.ts";

const BOARD = "/orchestrator/admin/queues";
const shared = shareOrchestrator({ droplets: ["shown"] });

interface QueuesAnswer {
  queues: {
    name: string;
    displayName?: string;
    readOnlyMode: boolean;
    counts: Record<string, number>;
  }[];
}

async function queuesOn(api: Service, base = BOARD): Promise<QueuesAnswer["queues"]> {
  const { status, body } = await send(api, `${base}/api/queues`);
  if (status !== 200) throw new Error(`the board answered ${status}`);
  return (body as QueuesAnswer).queues;
}

const basic = (credentials: string): string =>
  `Basic ${Buffer.from(credentials).toString("base64")}`;

test("the board answers on loopback, at both addresses", async () => {
  for (const path of [BOARD, "/admin/queues"]) {
    const { status, headers, text } = await send(shared.api, path);
    expect(status).toBe(200);
    expect(headers["content-type"]).toMatch(/^text\/html/);
    expect(text).toContain(path);
  }
});

test("it shows every droplet's queue with what went through it, read-only", async () => {
  await submitAndWait(shared.api, { droplet_name: "shown", path: "/" });
  const queue = await waitFor("the queue with its job", async () => {
    const queues = await queuesOn(shared.api);
    return queues.find(({ name, counts }) => name.includes("shown") && counts["completed"] === 1);
  });
  expect(queue.readOnlyMode).toBe(true);
  const pause = `${BOARD}/api/queues/${encodeURIComponent(queue.name)}/pause`;
  const refused = await send(shared.api, pause, { method: "PUT" });
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect((await submitAndWait(shared.api, { droplet_name: "shown", path: "/" })).status).toBe(
    "success",
  );
});

test.for<[who: string, headers: OutgoingHttpHeaders]>([
  ["came through a proxy (X-Forwarded-For)", { "x-forwarded-for": "127.0.0.1" }],
  ["came through a proxy (X-Forwarded-Host)", { "x-forwarded-host": "localhost" }],
  ["came through a proxy (X-Real-IP)", { "x-real-ip": "127.0.0.1" }],
  ["came through a proxy (Forwarded)", { forwarded: "for=127.0.0.1" }],
  ["asked for another host", { host: "orchestrator.example" }],
  ["asked for a host that resolves to us", { host: "localhost.evil.example:8001" }],
  ["asked for an address of ours that is not loopback", { host: "0.0.0.0" }],
])("a request that %s is refused", async ([, headers], { expect: the }) => {
  for (const path of [BOARD, `${BOARD}/api/queues`, "/admin/queues"]) {
    const answer = await send(shared.api, path, { headers });
    the(refusalOf(answer, 403).code).toBe("FORBIDDEN");
  }
});

test.for(["localhost", "localhost:8001", "127.0.0.1:99", "[::1]:8001", "LOCALHOST"])(
  "Host: %s is loopback",
  async (host, { expect: the }) => {
    the((await send(shared.api, BOARD, { headers: { host } })).status).toBe(200);
  },
);

test("queues appear and go as the list of droplets does", async () => {
  await using first = await startDroplet("first");
  await using second = await startDroplet("second");
  await using orchestrator = await startOrchestrator({ droplets: [first] });
  const { api, registry } = orchestrator;
  const names = async (): Promise<string> =>
    (await queuesOn(api))
      .map(({ displayName, name }) => displayName ?? name)
      .toSorted()
      .join();
  await waitFor("the first queue", async () => (await names()) === "first,registry");
  registry.list = [entryOf(second)];
  await waitFor("the second queue instead", async () => (await names()) === "registry,second");
});

test("with a password set operators sign in, from anywhere, and nobody else gets in", async () => {
  const apiEnv = { OPERATOR_USER: "ops", OPERATOR_PASSWORD: "let:me in" };
  await using orchestrator = await startOrchestrator({ apiEnv, workers: 0 });
  const { api } = orchestrator;
  const far = { "x-forwarded-for": "203.0.113.9", host: "orchestrator.example" };
  const anonymous = await send(api, BOARD);
  expect(refusalOf(anonymous, 401).code).toBe("UNAUTHORIZED");
  expect(anonymous.headers["www-authenticate"]).toMatch(/^Basic realm=/);

  for (const authorization of [
    basic("ops:wrong"),
    basic("root:let:me in"),
    basic("ops:let"),
    basic("ops"),
    "Basic !",
    "Bearer let:me in",
  ]) {
    const answer = await send(api, `${BOARD}/api/queues`, { headers: { authorization } });
    expect([authorization, answer.status]).toEqual([authorization, 401]);
  }
  const headers = { ...far, authorization: basic("ops:let:me in") };
  expect((await send(api, BOARD, { headers })).status).toBe(200);
  const logged = api.logs.lines.map((line) => JSON.stringify(line)).join("\n");
  expect(logged).not.toContain("let:me in");
});
